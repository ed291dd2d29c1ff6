import { TagproofError } from './errors.ts'

/** The rules of the HTTP client, without a socket: what is tried again, what is followed, what is said. */

/** Answers after which the same request is sent again (RFC 9110 section 15.5.9, 15.6; RFC 6585 section 4). */
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** No server makes a release wait longer than this between two attempts. */
const longestWaitMilliseconds = 60_000

export function isPassingStatus(status: number): boolean {
  return passingStatuses.has(status)
}

export function isRedirect(status: number): boolean {
  return redirectStatuses.has(status)
}

/**
 * How long to wait before attempt `attempt + 1` (the first attempt is 1), in milliseconds. `Retry-After` counts
 * in both of its forms (RFC 9110 section 10.2.3); else the wait doubles, with a random part against stampedes.
 */
export function retryDelay(
  attempt: number,
  retryAfter: string | undefined,
  baseMilliseconds: number,
  now: number,
  random: number
): number {
  const asked = retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, now)
  if (asked !== undefined) return Math.min(Math.max(asked, 0), longestWaitMilliseconds)
  return Math.min(baseMilliseconds * 2 ** (attempt - 1) * (0.5 + random / 2), longestWaitMilliseconds)
}

function parseRetryAfter(value: string, now: number): number | undefined {
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : date - now
}

/**
 * Where a redirect leads. A secure request never continues over plain HTTP, whoever asks for it.
 *
 * @throws TagproofError `index-answer` if the location is missing, no HTTP, or a downgrade
 */
export function redirectTarget(from: URL, location: string | undefined): URL {
  const to = location === undefined ? null : parseUrl(location, from)
  if (to === null || (to.protocol !== 'http:' && to.protocol !== 'https:'))
    throw new TagproofError('index-answer', `${showUrl(from)} redirects to nowhere.`, {
      found: `Location: ${location === undefined ? 'none' : showUrl(location)}`,
      expected: 'an http or https URL'
    })
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new TagproofError('index-answer', `${showUrl(from)} redirects from https to plain http.`, {
      found: showUrl(to),
      expected: 'an https URL',
      fix: 'Correct the server, or name the final https address in the configuration.'
    })
  return to
}

/** Headers that may go to another origin than the one they were meant for. */
export function headersForOrigin(
  headers: Readonly<Record<string, string>>,
  sameOrigin: boolean
): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => sameOrigin || !/^(authorization|cookie|proxy-authorization|x-.*(token|key).*)$/i.test(name)
  )
  return Object.fromEntries(kept)
}

/** Takes the user name and password out of a URL, and gives them as a header. */
export function splitCredentials(url: URL): { url: URL; authorization: string | undefined } {
  if (url.username === '' && url.password === '') return { url, authorization: undefined }
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return { url: bare, authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** `URL.parse` of later Node versions: null instead of an exception. */
export function parseUrl(text: string, base?: URL): URL | null {
  return URL.canParse(text, base?.href) ? new URL(text, base) : null
}

/** A URL as messages show it: without user, password, query and fragment, any of which may be a secret. */
export function showUrl(url: URL | string): string {
  const parsed = typeof url === 'string' ? parseUrl(url) : url
  if (parsed === null)
    return String(url)
      .replace(/\/\/[^/@]*@/, '//')
      .replace(/[?#].*$/, '')
      .slice(0, 200)
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`.slice(0, 500)
}

/** The first set of these variables, as curl and pip read them. */
export function proxyFor(url: URL, environment: Readonly<Record<string, string | undefined>>): URL | null {
  const scheme = url.protocol.slice(0, -1)
  // An upper-case HTTP_PROXY is taken too, except in a CGI program, where a header can set it (httpoxy).
  const upper =
    scheme === 'http' && environment.REQUEST_METHOD !== undefined
      ? undefined
      : environment[`${scheme.toUpperCase()}_PROXY`]
  const value = environment[`${scheme}_proxy`] ?? upper ?? environment.all_proxy ?? environment.ALL_PROXY
  if (value === undefined || value.trim() === '') return null
  if (isExempt(url, environment.no_proxy ?? environment.NO_PROXY ?? '')) return null
  const proxy = parseUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`)
  if (proxy === null || (proxy.protocol !== 'http:' && proxy.protocol !== 'https:'))
    throw new TagproofError('network', `The proxy for ${scheme} cannot be used.`, {
      found: showUrl(value),
      expected: 'an http or https URL',
      fix: `Correct ${scheme.toUpperCase()}_PROXY.`
    })
  return proxy
}

function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true
      const [, name = '', onlyPort] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
      if (onlyPort !== undefined && onlyPort !== port) return false
      return name !== '' && (host === name || host.endsWith(`.${name}`))
    })
}

/** Reads `Content-Range: bytes 5-9/10` (RFC 9110 section 14.4). */
export function parseContentRange(value: string | undefined): { start: number; total: number | null } | null {
  const match = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(value?.trim() ?? '')
  if (match === null) return null
  return { start: Number(match[1]), total: match[2] === '*' ? null : Number(match[2]) }
}

/** This machine alone. */
export function isLoopback({ hostname }: Pick<URL, 'hostname'>): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** Whether a credential or a package may go there: over TLS, or to this machine alone. */
export function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
}
