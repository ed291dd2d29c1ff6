import { createPublicKey, createVerify, randomBytes, type JsonWebKey } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Claims } from './identity-provider.ts'
import { NoPublisher, publisherFor } from './publishers.ts'
import { jsonPage, type Page } from './refusal.ts'
import {
  addProject,
  normalise,
  similarProject,
  type IndexState,
  type Publisher,
  type Token
} from './state.ts'

const tokenLifetime = 900
const leeway = 30

/** What the index is set up for: the audience of its tokens, and whose keys it takes. */
export interface Exchange {
  audience: string
  /** Switched off as a whole: 403 for the audience, `not-enabled` for a token. */
  enabled: boolean
  issuers: readonly string[]
}

/** Identity tokens against tokens of the index. Every refusal is 422 with a code and a description. */
export async function mint(state: IndexState, exchange: Exchange, body: Buffer): Promise<Page> {
  try {
    const { token } = parse(body.toString('utf8'))
    if (typeof token !== 'string')
      throw new Refused('invalid-payload', 'token: Input should be a valid string')
    const issuer = unverified(token).iss
    if (typeof issuer !== 'string') throw new Refused('invalid-payload', 'malformed JWT')
    if (!exchange.issuers.includes(issuer))
      throw new Refused('invalid-payload', 'unknown trusted publishing issuer')
    if (!exchange.enabled)
      throw new Refused('not-enabled', 'GitHub trusted publishing functionality not enabled')
    const claims = await verified(token, issuer, exchange.audience, state.now() / 1000)
    if (claims === null) throw new Refused('invalid-token', 'malformed or invalid token')
    return jsonPage(mintFor(state, claims))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { code, message: description } = error
    return jsonPage({ message: 'Token request failed', errors: [{ code, description }] }, 422)
  }
}

class Refused extends Error {
  readonly code: string
  constructor(code: string, description: string) {
    super(description)
    this.code = code
  }
}

/** A pending publisher becomes a real, empty project here: minting is a write then. */
function mintFor(state: IndexState, claims: Claims): object {
  takePending(state, claims)
  const identifier = String(claims.jti)
  const all = [...state.projects.values()].flatMap(({ publishers }) => publishers)
  let publisher
  try {
    publisher = publisherFor(all, claims)
  } catch (error) {
    if (!(error instanceof NoPublisher)) throw error
    throw new Refused('invalid-publisher', `valid token, but no corresponding publisher (${error.message})`)
  }
  if (state.usedIdentifiers.has(identifier))
    throw new Refused('invalid-reuse-token', 'invalid token: already used')
  state.usedIdentifiers.add(identifier)
  const same = (other: Publisher): boolean => isDeepStrictEqual(other, publisher)
  const notBefore = Math.floor(state.now() / 1000)
  const token = `pypi-${randomBytes(24).toString('base64url')}`
  state.tokens.set(token, {
    kind: 'publisher',
    publisher,
    projects: [...state.projects].filter(([, { publishers }]) => publishers.some(same)).map(([key]) => key),
    notBefore,
    expires: notBefore + tokenLifetime
  })
  return { success: true, token, expires: notBefore + tokenLifetime }
}

function takePending(state: IndexState, claims: Claims): void {
  let found
  try {
    found = publisherFor(state.pending, claims)
  } catch (error) {
    if (error instanceof NoPublisher) return
    throw error
  }
  state.pending.splice(state.pending.indexOf(found), 1)
  const { project, ...publisher } = found
  if (state.projects.has(normalise(project)))
    throw new Refused('invalid-pending-publisher', 'valid token, but project already exists')
  if (similarProject(state, project) !== null)
    throw new Refused('invalid-payload', `The name '${project}' is too similar to an existing project.`)
  addProject(state, project, { publishers: [publisher] })
  state.writes.push(`project ${normalise(project)}`)
}

/** Ends a minted token before its time. 202 whether or not there was one. */
export function burn(state: IndexState, body: Buffer): Page {
  const { token } = parse(body.toString('utf8'))
  if (typeof token !== 'string') return jsonPage({ message: 'Invalid payload' }, 422)
  if (state.tokens.get(token)?.kind === 'publisher') {
    state.tokens.delete(token)
    state.burned.add(token)
  }
  return jsonPage({ message: 'Accepted' }, 202)
}

/** Basic with the user `__token__`, or bearer. Null: nobody that the index knows, or no longer. */
export function tokenOf(state: IndexState, authorization: string | undefined): Token | null {
  const [, scheme = '', value = ''] = /^(\S+) (\S+)$/.exec(authorization ?? '') ?? []
  let text = value
  if (/^basic$/i.test(scheme)) {
    const [, user, password] = /^([^:]*):([^]*)$/.exec(Buffer.from(value, 'base64').toString('utf8')) ?? []
    if (user !== '__token__') return null
    text = password?.trim() ?? ''
  } else if (!/^(bearer|token)$/i.test(scheme)) return null
  const token = state.tokens.get(text)
  if (token === undefined) return null
  const now = state.now() / 1000
  return token.kind === 'publisher' && (now >= token.expires || now < token.notBefore) ? null : token
}

/** What the index gives out as the provenance of a file (PEP 740). */
export function provenanceOf(publisher: Publisher, attestations: readonly object[]): object {
  const { owner, repository, workflow, environment } = publisher
  const named = {
    kind: 'GitHub',
    repository: `${owner}/${repository}`,
    workflow,
    environment: environment === '' ? null : environment
  }
  return { version: 1, attestation_bundles: [{ publisher: named, attestations }] }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function unverified(token: string): Claims {
  return parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

/** RS256 by the key that the issuer publishes, the one audience, and the times with 30 s of leeway (RFC 7519). */
async function verified(
  token: string,
  issuer: string,
  audience: string,
  now: number
): Promise<Claims | null> {
  const [head = '', payload = '', signature = '', ...more] = token.split('.')
  const { alg, kid } = parse(Buffer.from(head, 'base64url').toString('utf8'))
  const claims = unverified(token)
  const key = await keyOf(issuer, kid)
  if (alg !== 'RS256' || key === undefined || more.length > 0) return null
  const publicKey = createPublicKey({ key, format: 'jwk' })
  const bytes = Buffer.from(signature, 'base64url')
  if (!createVerify('sha256').update(`${head}.${payload}`).verify(publicKey, bytes)) return null
  const { iss, aud, iat, exp, nbf } = claims
  if (iss !== issuer || aud !== audience || typeof iat !== 'number' || typeof exp !== 'number') return null
  if (now >= exp + leeway || now < iat - leeway) return null
  return nbf !== undefined && (typeof nbf !== 'number' || now < nbf - leeway) ? null : claims
}

const keptKeys = new Map<string, JsonWebKey>()

/** The issuer's keys are kept, and fetched anew for a name that is not among them. */
async function keyOf(issuer: string, kid: unknown): Promise<JsonWebKey | undefined> {
  const name = (key: unknown): string => `${issuer} ${String(key)}`
  const kept = keptKeys.get(name(kid))
  if (kept !== undefined) return kept
  const read = async (url: string): Promise<Record<string, unknown>> =>
    (await (await fetch(url)).json()) as Record<string, unknown>
  const { jwks_uri: uri } = await read(`${issuer}/.well-known/openid-configuration`)
  const { keys } = await read(String(uri))
  for (const key of keys as (JsonWebKey & { kid?: string })[]) keptKeys.set(name(key.kid), key)
  return keptKeys.get(name(kid))
}
