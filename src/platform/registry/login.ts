import { TagproofError } from '../errors.ts'
import type { HttpClient } from '../http.ts'
import { parseUrl, showUrl, isLoopback } from '../http-rules.ts'
import type { Challenge } from './challenge.ts'
import type { Credentials } from './credentials.ts'

/** Turns a challenge into the value of `Authorization`. */
export interface LoginOptions {
  client: HttpClient
  /** Address of the registry. */
  base: URL
  /** Path in the registry, for messages. */
  repository: string
  /** What the token is to be good for. A service that refuses them together is asked for the first alone. */
  scopes: readonly string[]
  credentials: Credentials | null
  signal?: AbortSignal
}

const largestAnswer = 1 << 20

/**
 * @returns the header, or null where the registry asks for a login and there is none
 * @throws TagproofError `index-answer` for a challenge that cannot be met; no message holds a secret
 */
export async function authorize(
  challenges: readonly Challenge[],
  options: LoginOptions
): Promise<string | null> {
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
  if (bearer !== undefined) return `Bearer ${await fetchToken(bearer, options)}`
  if (!challenges.some(({ scheme }) => scheme === 'basic'))
    throw new TagproofError('index-answer', `${showUrl(options.base)} asks for a login of an unknown kind.`, {
      found: challenges.map(({ scheme }) => scheme).join(', ') || 'no WWW-Authenticate',
      expected: 'Bearer or Basic'
    })
  const { credentials } = options
  return credentials?.kind === 'password' ? basic(credentials) : null
}

function basic({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** Distribution, "Token Authentication Specification"; with a refresh token, "Oauth2 Token Authentication". */
async function fetchToken({ parameters }: Challenge, options: LoginOptions): Promise<string> {
  const url = realmOf(parameters.get('realm'), options.base)
  const service = parameters.get('service')
  let answer = await askForToken(new URL(url), service, options.scopes, options)
  // Somebody may write to one repository and not read another: what is nice to have is left out.
  if (answer.status >= 400 && options.scopes.length > 1)
    answer = await askForToken(new URL(url), service, options.scopes.slice(0, 1), options)
  if (answer.status >= 400)
    throw new TagproofError('index-answer', `${showUrl(url)} gives no token for ${options.repository}.`, {
      found: `status ${answer.status}${options.credentials === null ? ', without a login' : ''}`,
      fix: loginHint(options.base)
    })
  return tokenOf(answer.body, url)
}

async function askForToken(
  url: URL,
  service: string | undefined,
  scopes: readonly string[],
  { client, credentials, signal }: LoginOptions
): Promise<{ status: number; body: Buffer }> {
  const common = {
    maximumBytes: largestAnswer,
    accept: [400, 401, 403, 404],
    ...(signal === undefined ? {} : { signal })
  }
  if (credentials?.kind === 'identity') {
    const form = new URLSearchParams({
      ...(service === undefined ? {} : { service }),
      scope: scopes.join(' '),
      grant_type: 'refresh_token',
      client_id: 'tagproof',
      refresh_token: credentials.token
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return client.read({
      ...common,
      url,
      method: 'POST',
      headers,
      body: Buffer.from(form.toString())
    })
  }
  if (service !== undefined) url.searchParams.set('service', service)
  for (const scope of scopes) url.searchParams.append('scope', scope)
  const headers = credentials === null ? {} : { authorization: basic(credentials) }
  return client.read({ ...common, url, headers })
}

/** A token goes where the registry says, but never in the clear to another machine. */
function realmOf(realm: string | undefined, base: URL): URL {
  const url = realm === undefined ? null : parseUrl(realm)
  if (
    url !== null &&
    url.username === '' &&
    (url.protocol === 'https:' || (isLoopback(url) && isLoopback(base)))
  )
    return url
  throw new TagproofError(
    'index-answer',
    `${showUrl(base)} sends to a place for tokens that cannot be used.`,
    {
      found: realm === undefined ? 'no realm' : showUrl(realm),
      expected: 'an https URL'
    }
  )
}

function tokenOf(body: Buffer, url: URL): string {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    value = null
  }
  const { token, access_token: other } = (value ?? {}) as Record<string, unknown>
  const found = typeof token === 'string' && token !== '' ? token : other
  // What goes into a header must be able to.
  if (typeof found === 'string' && /^[\x21-\x7e]+$/.test(found)) return found
  throw new TagproofError('index-answer', `${showUrl(url)} answered with no token.`, {
    expected: 'a JSON object with token or access_token'
  })
}

export function loginHint(base: URL): string {
  return `Log in with docker login ${base.host}, or check that the image exists and that this login may read it.`
}
