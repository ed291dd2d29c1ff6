import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { TagproofError } from '../platform/errors.ts'
import type { HttpClient } from '../platform/http.ts'
import { parseUrl, showUrl } from '../platform/http-rules.ts'

/** A file that an index offers (PEP 503, PEP 691, PEP 700). */
export interface OfferedFile {
  file: string
  /** http, https or file. May carry the credentials that the index was asked with. */
  url: string
  sha256: string | null
  size: number | null
  /** Versions of Python that it is for (PEP 440); left out where the index does not say it. */
  requiresPython?: string
  /** Withdrawn (PEP 592): for those alone who ask for just this version. */
  yanked?: true
  /** When it came (PEP 700), as the index writes it; left out where it does not. */
  uploadTime?: string
}

/** PEP 792; an index that says nothing has active projects. */
export interface ProjectStatus {
  status: string
  reason: string | null
}

/** The page of one project. */
export interface ProjectPage extends ProjectStatus {
  files: OfferedFile[]
  /** The server's clock (`Date`), in milliseconds; null where it does not tell it. */
  date: number | null
}

export interface PageOptions {
  signal?: AbortSignal
  headers?: Readonly<Record<string, string>>
  /** Whether an answer of another host, to which the index redirects, counts for nothing. */
  sameHost?: boolean
}

const jsonType = 'application/vnd.pypi.simple.v1+json'
const acceptHeader = `${jsonType}, application/vnd.pypi.simple.v1+html; q=0.2, text/html; q=0.1`
const largestPage = 128 * 1024 * 1024

/**
 * The files of one project. A project that the index does not have gives an empty list.
 *
 * @param name normalised (PEP 503)
 * @throws TagproofError `index-answer`, `network`
 */
export async function listProject(
  client: HttpClient,
  index: string,
  name: string,
  signal?: AbortSignal
): Promise<OfferedFile[]> {
  return (await readProject(client, index, name, signal === undefined ? {} : { signal }))?.files ?? []
}

/**
 * What an index says of one project; null for one that it does not have.
 *
 * @param name normalised (PEP 503)
 * @throws TagproofError `index-answer`, `network`
 */
export async function readProject(
  client: HttpClient,
  index: string,
  name: string,
  options: PageOptions = {}
): Promise<ProjectPage | null> {
  return readPage(client, `${index.replace(/\/+$/, '')}/${name}/`, options)
}

/** The files of a `find-links` place: a page, a folder, or one file. */
export async function listLinks(
  client: HttpClient,
  place: string,
  signal?: AbortSignal
): Promise<OfferedFile[]> {
  if (/^https?:/i.test(place))
    return (await readPage(client, place, signal === undefined ? {} : { signal }))?.files ?? []
  const local = place.startsWith('file:') ? fileURLToPath(place) : place
  const status = await stat(local).catch(() => null)
  if (status === null) return []
  const files = status.isDirectory() ? (await readdir(local)).map((name) => path.join(local, name)) : [local]
  return files.map((file) => ({
    file: path.basename(file),
    url: pathToFileURL(file).href,
    sha256: null,
    size: null
  }))
}

async function readPage(
  client: HttpClient,
  url: string,
  { sameHost = false, ...options }: PageOptions
): Promise<ProjectPage | null> {
  const answer = await client.read({
    url,
    ...options,
    headers: { accept: acceptHeader, ...options.headers },
    accept: [404, 410],
    maximumBytes: largestPage
  })
  if (sameHost) requireSameHost(new URL(url), answer.url)
  if (answer.status === 404 || answer.status === 410) return null
  const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const text = answer.body.toString('utf8')
  const asked = new URL(url)
  const isJson = type.endsWith('json')
  const files = isJson ? parseJsonPage(text, answer.url) : parseHtmlPage(text, answer.url, type)
  const date = Date.parse(answer.headers.date ?? '')
  return {
    files: files.map((file) => ({ ...file, url: withCredentialsOf(asked, file.url) })),
    ...(isJson ? statusOfJson(text) : statusOfHtml(text)),
    date: Number.isNaN(date) ? null : date
  }
}

/**
 * What is where, an index has to say itself: a stranger's "not found" would have files sent again.
 *
 * @throws TagproofError `index-answer`
 */
export function requireSameHost(asked: URL, answered: URL): void {
  if (asked.hostname === answered.hostname) return
  throw new TagproofError('index-answer', `${showUrl(asked)} sends the question to another host.`, {
    found: showUrl(answered),
    expected: `an answer of ${asked.hostname}`,
    fix: 'Name the address that answers itself; have an index that sends on what it does not have say so instead (pypiserver: --disable-fallback); or try again later, if a proxy stands between.'
  })
}

/** PEP 792, JSON. @param text of a page that was parsed already */
export function statusOfJson(text: string): ProjectStatus {
  const page = JSON.parse(text) as { 'project-status'?: { status?: unknown; reason?: unknown } | null }
  const { status, reason } = page['project-status'] ?? {}
  return {
    status: typeof status === 'string' ? status : 'active',
    reason: typeof reason === 'string' && reason !== '' ? reason : null
  }
}

/** PEP 792, HTML: two `meta` elements. */
export function statusOfHtml(text: string): ProjectStatus {
  const content = (name: string): string | null => {
    for (const [element] of text.matchAll(/<meta\s[^<>]{0,2000}>/gi))
      if (new RegExp(`\\sname\\s*=\\s*["']${name}["']`, 'i').test(element)) {
        const value = /\scontent\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(element)
        return unescapeHtml(value?.[1] ?? value?.[2] ?? '')
      }
    return null
  }
  const reason = content('pypi:project-status-reason')
  return { status: content('pypi:project-status') ?? 'active', reason: reason === '' ? null : reason }
}

/** Files on the index's own origin need its credentials, other origins must not see them. */
function withCredentialsOf(index: URL, url: string): string {
  const parsed = new URL(url)
  if (index.username === '' || parsed.origin !== index.origin || parsed.username !== '') return url
  parsed.username = index.username
  parsed.password = index.password
  return parsed.href
}

/** PEP 691; everything that is not as it must be is refused. */
export function parseJsonPage(text: string, base: URL): OfferedFile[] {
  let page: { files?: unknown } | null
  try {
    page = JSON.parse(text) as { files?: unknown } | null
  } catch (error) {
    throw badPage(base, 'text that is no JSON', error)
  }
  const files = page?.files
  if (!Array.isArray(files)) throw badPage(base, 'JSON without a list of files')
  return files.map((entry: unknown) => {
    const fields = (entry ?? {}) as Record<string, unknown>
    const { filename, url, hashes, size, yanked } = fields
    const requiresPython = fields['requires-python']
    const uploadTime = fields['upload-time']
    const target = typeof url === 'string' ? parseUrl(url, base) : null
    if (typeof filename !== 'string' || target === null || !isWeb(target))
      throw badPage(base, 'a file without name or address')
    const hash = (hashes as { sha256?: unknown } | undefined)?.sha256
    return {
      file: filename,
      url: bare(target),
      sha256: typeof hash === 'string' ? hash.toLowerCase() : null,
      size: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null,
      ...(typeof requiresPython === 'string' && requiresPython !== '' ? { requiresPython } : {}),
      ...(yanked === true || typeof yanked === 'string' ? { yanked: true as const } : {}),
      ...(typeof uploadTime === 'string' ? { uploadTime } : {})
    }
  })
}

/** PEP 503: every anchor is a file, its fragment may be `sha256=…`. */
export function parseHtmlPage(text: string, base: URL, type: string): OfferedFile[] {
  if (!type.includes('html'))
    throw badPage(base, `content of type ${type === '' ? 'none' : type.slice(0, 80)}`)
  const declared = /<base\s[^<>]{0,500}?href\s*=\s*["']([^"'<>]{1,2000})["']/i.exec(text)?.[1]
  const from = declared === undefined ? base : (parseUrl(unescapeHtml(declared), base) ?? base)
  const files: OfferedFile[] = []
  for (const match of text.matchAll(/<a\s[^<>]{0,2000}?href\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')/gi)) {
    const target = parseUrl(unescapeHtml(match[1] ?? match[2] ?? ''), from)
    if (target === null || !isWeb(target)) continue
    const file = decodeName(target.pathname.split('/').pop() ?? '')
    if (file === '') continue
    const end = text.indexOf('>', match.index + match[0].length)
    const attributes = text.slice(match.index, end < 0 ? undefined : end)
    const requiresPython = /\sdata-requires-python\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(attributes)
    files.push({
      file,
      url: bare(target),
      sha256: /[#&]sha256=([0-9a-f]{64})/i.exec(target.hash)?.[1]?.toLowerCase() ?? null,
      size: null,
      ...(requiresPython === null
        ? {}
        : { requiresPython: unescapeHtml(requiresPython[1] ?? requiresPython[2] ?? '') }),
      ...(/\sdata-yanked\b/i.test(attributes) ? { yanked: true as const } : {})
    })
  }
  return files
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

function isWeb(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:'
}

function bare(url: URL): string {
  const copy = new URL(url)
  copy.hash = ''
  return copy.href
}

function unescapeHtml(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  return text.replace(
    /&(?:#(\d{1,6})|#x([0-9a-f]{1,5})|(\w+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
      return named[name ?? ''] ?? whole
    }
  )
}

function badPage(url: URL, found: string, cause?: unknown): TagproofError {
  return new TagproofError('index-answer', `${showUrl(url)} is no page of a package index.`, {
    found,
    expected: 'a page of the simple index (PEP 691 JSON or PEP 503 HTML)',
    fix: 'Check the address of the index: PIP_INDEX_URL, PIP_EXTRA_INDEX_URL or pip.conf.',
    ...(cause === undefined ? {} : { cause })
  })
}
