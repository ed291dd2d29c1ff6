import { createHash } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { assetAnswer, createBody, releaseAnswer, repositoryAnswer, updateBody } from './answers.ts'
import { notFound, Refusal } from './refusal.ts'
import {
  breakUpload,
  createRelease,
  deleteAsset,
  deleteRelease,
  requireUploadable,
  updateRelease,
  upload
} from './releases.ts'
import {
  emptyRepository,
  latestOf,
  type RepositoryState,
  type StoredAsset,
  type StoredRelease
} from './state.ts'

export interface RecordedRequest {
  method: string
  path: string
  status: number
  authorization: boolean
  /** Of an upload: the file that was sent. */
  file: { name: string; sha256: string } | null
}

/** What happens to the next upload: it breaks off, or its answer is lost after it was stored. */
export type UploadFault = 'starter' | 'lost'

export interface FakeGithub {
  /** Base of the REST API. */
  api: string
  origin: string
  state: RepositoryState
  requests: RecordedRequest[]
  /** Requests to the place where the bytes lie, with what they must not carry. */
  stored: { path: string; authorization: boolean }[]
  /** What comes next to the uploads, in order. */
  faults: UploadFault[]
  /** The next answers are limits. */
  limitNext: (count: number, limit: Limit) => void
  /** Called before each request is answered. */
  before: ((method: string, path: string) => void) | null
  /** Named in place of its own address for uploads. */
  lieAboutUploads: string | null
  /** SHA-256 of what an anonymous reader gets, by file name; of published releases alone. */
  content: () => Promise<Record<string, string>>
  close: () => Promise<void>
}

export interface Limit {
  status: 403 | 429
  headers?: http.OutgoingHttpHeaders
  message?: string
}

interface Page {
  status: number
  body?: unknown
  bytes?: Buffer
  headers?: http.OutgoingHttpHeaders
}

interface Asked {
  method: string
  url: URL
  /** What the token may do; null for nobody. */
  may: 'read' | 'write' | null
  body: Buffer
  accept: string
  origin: string
}

/**
 * One repository on a code host with the REST API's own rules, on the loopback. Bytes of assets lie on another origin,
 * behind a redirect, and a request there that carries a login is refused, as such stores do (REST API, "Get a release asset":
 * 200 or 302). Drafts are seen by those alone who may write (REST API, "List releases"), and never by their tag ("Get a release
 * by tag name"). Limits: GitHub Docs, "Rate limits for the REST API". The rest: `releases.ts`.
 */
export async function startFakeGithub(more: Partial<RepositoryState> = {}): Promise<FakeGithub> {
  const state = emptyRepository(more)
  const requests: RecordedRequest[] = []
  const stored: FakeGithub['stored'] = []
  const faults: UploadFault[] = []
  let limits: Limit[] = []
  const store = await listen((request, response) => {
    const path = request.url ?? ''
    const authorization = request.headers.authorization !== undefined
    stored.push({ path, authorization })
    const asset = assetById(state, Number(/^\/asset\/(\d+)\?sig=/.exec(path)?.[1]))
    if (authorization || asset === undefined) return void response.writeHead(authorization ? 400 : 404).end()
    const bytes = state.lies.get(asset.asset.name) ?? asset.asset.bytes
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
  })

  function answer(asked: Asked, record: RecordedRequest): Page {
    const { url, method } = asked
    const limit = limits.shift()
    if (limit !== undefined)
      throw new Refusal(limit.status, limit.message ?? 'API rate limit exceeded', undefined, limit.headers)
    const web = /^\/([^/]+)\/([^/]+)\/releases\/download\/(.+)\/([^/]+)$/.exec(url.pathname)
    if (web !== null) return download(web.slice(3).map(decodeURIComponent))
    const place = /^\/api\/(v3|uploads)\/repos\/([^/]+)\/([^/]+)(\/.*)?$/.exec(url.pathname)
    if (place?.[2] !== state.owner || place[3] !== state.name) throw notFound()
    if (state.private && asked.may === null) throw notFound()
    const rest = place[4] ?? ''
    if (place[1] === 'uploads') return take(asked, rest, record)
    return method === 'GET' ? read(asked, rest) : write(asked, rest)
  }

  function read({ url, may, origin, accept }: Asked, rest: string): Page {
    const show = (release: StoredRelease | undefined): Page => {
      if (release === undefined || (release.draft && may !== 'write')) throw notFound()
      return { status: 200, body: releaseAnswer(state, release, { origin }) }
    }
    if (rest === '') return { status: 200, body: repositoryAnswer(state) }
    if (rest === '/releases') {
      const seen = state.releases.filter(({ draft }) => !draft || may === 'write')
      seen.sort((one, other) => other.created - one.created)
      return paged(
        seen.map((one) => releaseAnswer(state, one, { origin })),
        url
      )
    }
    if (rest === '/releases/latest') return show(latestOf(state))
    const tag = /^\/releases\/tags\/(.+)$/.exec(rest)?.[1]
    if (tag !== undefined)
      return show(state.releases.find((one) => !one.draft && one.tag === decodeURIComponent(tag)))
    const reference = /^\/git\/ref\/tags\/(.+)$/.exec(rest)?.[1]
    if (reference !== undefined) return objectAnswer(state.tags.get(decodeURIComponent(reference)))
    const object = /^\/git\/tags\/([0-9a-f]{40})$/.exec(rest)?.[1]
    if (object !== undefined) return objectAnswer(state.tagObjects.get(object))
    const assetId = /^\/releases\/assets\/(\d+)$/.exec(rest)?.[1]
    if (assetId !== undefined) {
      const found = assetById(state, Number(assetId))
      if (found === undefined || (found.release.draft && may !== 'write')) throw notFound()
      if (accept.includes('octet-stream')) return redirect(found.asset)
      return { status: 200, body: assetAnswer(state, found.release, found.asset, { origin }) }
    }
    const [, id, assets] = /^\/releases\/(\d+)(\/assets)?$/.exec(rest) ?? []
    const release = state.releases.find((one) => one.id === Number(id))
    if (assets === undefined || release === undefined) return show(release)
    show(release)
    const all = may === 'write' ? release.assets : release.assets.filter((one) => one.state === 'uploaded')
    return paged(
      all.map((one) => assetAnswer(state, release, one, { origin })),
      url
    )
  }

  function write({ method, may, body, origin }: Asked, rest: string): Page {
    requireWrite(may)
    if (rest === '/releases/generate-notes') return { status: 200, body: { name: '', body: '' } }
    if (rest === '/releases' && method === 'POST')
      return {
        status: 201,
        body: releaseAnswer(state, createRelease(state, parse(createBody, body)), { origin })
      }
    const assetId = /^\/releases\/assets\/(\d+)$/.exec(rest)?.[1]
    const found = assetById(state, Number(assetId))
    if (found !== undefined && method === 'DELETE') {
      deleteAsset(state, found.release, found.asset)
      return { status: 204 }
    }
    const release = state.releases.find((one) => one.id === Number(/^\/releases\/(\d+)$/.exec(rest)?.[1]))
    if (release === undefined) throw notFound()
    if (method === 'DELETE') {
      deleteRelease(state, release)
      return { status: 204 }
    }
    if (method !== 'PATCH') throw notFound()
    updateRelease(state, release, parse(updateBody, body))
    return { status: 200, body: releaseAnswer(state, release, { origin }) }
  }

  function take({ method, url, may, body, origin }: Asked, rest: string, record: RecordedRequest): Page {
    const release = state.releases.find(
      (one) => one.id === Number(/^\/releases\/(\d+)\/assets$/.exec(rest)?.[1])
    )
    if (method !== 'POST' || release === undefined) throw notFound()
    requireWrite(may)
    const name = url.searchParams.get('name') ?? ''
    record.file = { name, sha256: createHash('sha256').update(body).digest('hex') }
    requireUploadable(release, name)
    const fault = faults.shift()
    if (fault === 'starter') {
      breakUpload(state, release, name)
      return {
        status: 502,
        headers: { 'content-type': 'text/html' },
        bytes: Buffer.from('<h1>Bad gateway</h1>')
      }
    }
    const asset = upload(state, release, { name, label: url.searchParams.get('label') ?? '', bytes: body })
    if (fault === 'lost') return { status: 0 }
    return { status: 201, body: assetAnswer(state, release, asset, { origin }) }
  }

  function download([tag = '', name = '']: string[]): Page {
    const release = state.releases.find((one) => !one.draft && one.tag === tag)
    const asset = release?.assets.find((one) => one.name === name && one.state === 'uploaded')
    if (asset === undefined || state.private) throw notFound()
    if (state.late > 0) {
      state.late -= 1
      throw notFound()
    }
    return redirect(asset)
  }

  function redirect({ id }: StoredAsset): Page {
    return { status: 302, headers: { location: `${store.origin}/asset/${id}?sig=1` } }
  }

  const main = await listen((request, response) => {
    const { method = '', url: path = '', headers } = request
    const authorization = headers.authorization !== undefined
    const record: RecordedRequest = { method, path, status: 0, authorization, file: null }
    requests.push(record)
    collect(request)
      .then((body) => {
        fake.before?.(method, path)
        const origin = `http://${headers.host ?? ''}`
        const may = levelOf(state, headers.authorization)
        return answer(
          { method, url: new URL(path, origin), may, body, accept: headers.accept ?? '', origin },
          record
        )
      })
      .catch((error: unknown): Page => {
        if (error instanceof Refusal)
          return { status: error.status, body: error.body, headers: error.headers }
        return { status: request.complete ? 500 : 0, body: { message: (error as Error).message } }
      })
      .then((page) => {
        record.status = page.status
        if (page.status === 0) return void response.destroy()
        const text = page.body === undefined ? '' : JSON.stringify(page.body)
        const uploads = `http://${headers.host ?? ''}/api/uploads`
        const bytes = page.bytes ?? Buffer.from(text.replaceAll(uploads, fake.lieAboutUploads ?? uploads))
        const type = { 'content-type': 'application/json; charset=utf-8' }
        response
          .writeHead(page.status, { ...type, ...page.headers, 'content-length': bytes.length })
          .end(bytes)
      })
      .catch(() => response.destroy())
  })

  const fake: FakeGithub = {
    api: `${main.origin}/api/v3`,
    origin: main.origin,
    state,
    requests,
    stored,
    faults,
    limitNext: (count, limit) => {
      limits = Array.from({ length: count }, () => limit)
    },
    before: null,
    lieAboutUploads: null,
    content: async () => {
      const found: Record<string, string> = {}
      for (const release of state.releases)
        for (const { name } of release.draft ? [] : release.assets) {
          const url = `${main.origin}/${state.owner}/${state.name}/releases/download/${release.tag}/${encodeURIComponent(name)}`
          const bytes = Buffer.from(await (await fetch(url)).arrayBuffer())
          found[name] = createHash('sha256').update(bytes).digest('hex')
        }
      return found
    },
    close: async () => {
      await Promise.all([main.stop(), store.stop()])
    }
  }
  return fake
}

function assetById(
  { releases }: RepositoryState,
  id: number
): { release: StoredRelease; asset: StoredAsset } | undefined {
  for (const release of releases)
    for (const asset of release.assets) if (asset.id === id) return { release, asset }
  return undefined
}

function objectAnswer(object: { type: string; sha: string } | undefined): Page {
  if (object === undefined) throw notFound()
  return { status: 200, body: { object: { ...object, url: '' } } }
}

function levelOf({ tokens }: RepositoryState, authorization: string | undefined): 'read' | 'write' | null {
  if (authorization === undefined) return null
  const level = tokens.get(authorization.replace(/^Bearer /, ''))
  if (level === undefined) throw new Refusal(401, 'Bad credentials')
  return level
}

/** A token without the permission: 403, and a header that says what would do (docs, "Troubleshooting the REST API"). */
function requireWrite(may: 'read' | 'write' | null): void {
  if (may === null) throw new Refusal(401, 'Requires authentication')
  if (may === 'write') return
  throw new Refusal(403, 'Resource not accessible by integration', undefined, {
    'x-accepted-github-permissions': 'contents=write; contents=write,workflows=write'
  })
}

function parse<T>(schema: { parse: (value: unknown) => T }, body: Buffer): T {
  try {
    return schema.parse(JSON.parse(body.toString('utf8')))
  } catch (error) {
    throw new Refusal(422, `Invalid request. ${(error as Error).message}`)
  }
}

/** REST API, "Using pagination": 30 a page, 100 at most, and where the next one is in `link`. */
function paged(all: readonly object[], url: URL): Page {
  const size = Math.min(Number(url.searchParams.get('per_page') ?? 30), 100)
  const page = Number(url.searchParams.get('page') ?? 1)
  const next = new URL(url)
  next.searchParams.set('page', String(page + 1))
  const link =
    page * size < all.length ? { link: `<${next.href}>; rel="next", <${next.href}>; rel="last"` } : {}
  return { status: 200, body: all.slice((page - 1) * size, page * size), headers: link }
}

async function collect(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function listen(
  serve: (request: http.IncomingMessage, response: http.ServerResponse) => void
): Promise<{ origin: string; stop: () => Promise<void> }> {
  const server = http.createServer(serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
