import { createSign, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export type Claims = Record<string, unknown>

/** Seconds that an identity token counts. */
const lifetime = 300
const keyName = 'key-1'

/** Claims of a job of `octo/project` that publishes, as GitHub makes them; any of them can be another. */
export function jobClaims(more: Claims = {}): Claims {
  const workflow = 'octo/project/.github/workflows/release.yml@refs/tags/v1.0.0'
  return {
    sub: 'repo:octo/project:environment:release',
    repository: 'octo/project',
    repository_id: '1',
    repository_owner: 'octo',
    repository_owner_id: '583231',
    repository_visibility: 'public',
    workflow: 'Release',
    workflow_ref: workflow,
    job_workflow_ref: workflow,
    ref: 'refs/tags/v1.0.0',
    ref_type: 'tag',
    sha: '0123456789abcdef0123456789abcdef01234567',
    event_name: 'push',
    environment: 'release',
    runner_environment: 'github-hosted',
    run_id: '1',
    run_attempt: '1',
    ...more
  }
}

/** Signs identity tokens, and publishes the key (OpenID Connect Discovery 1.0, RFC 7517). It has no server of its own. */
export class IdentityProvider {
  /** Where {@link publication} is served; stands in every token. */
  issuer = ''
  private readonly privateKey: KeyObject
  private readonly publicKey: KeyObject
  private readonly now: () => number

  /** @param now in milliseconds */
  constructor(now: () => number = Date.now) {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    this.privateKey = privateKey
    this.publicKey = publicKey
    this.now = now
  }

  /** A token with these claims and the usual ones; a claim that is `undefined` is left out. */
  sign(audience: string, claims: Claims): string {
    const now = Math.floor(this.now() / 1000)
    const times = { iat: now, nbf: now, exp: now + lifetime }
    const payload = { iss: this.issuer, aud: audience, jti: randomUUID(), ...times, ...claims }
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: keyName })}.${part(payload)}`
    return `${signed}.${createSign('sha256').update(signed).sign(this.privateKey).toString('base64url')}`
  }

  /** What is served at a path below the issuer, or null. */
  publication(path: string): object | null {
    if (path === '/.well-known/openid-configuration')
      return { issuer: this.issuer, jwks_uri: `${this.issuer}/.well-known/jwks` }
    if (path !== '/.well-known/jwks') return null
    const key = this.publicKey.export({ format: 'jwk' })
    return { keys: [{ ...key, kid: keyName, use: 'sig', alg: 'RS256' }] }
  }
}

export interface IdentityServer {
  provider: IdentityProvider
  /** What the runner puts into the environment of a job with `id-token: write`. */
  environment: { ACTIONS_ID_TOKEN_REQUEST_URL: string; ACTIONS_ID_TOKEN_REQUEST_TOKEN: string }
  /** Claims of the job that asks; a test may change them. */
  claims: Claims
  /** Audiences that were asked for. */
  asked: string[]
  close: () => Promise<void>
}

/** The runner's service of identity tokens, and the issuer's keys, on the loopback. */
export async function startIdentityProvider(now: () => number = Date.now): Promise<IdentityServer> {
  const provider = new IdentityProvider(now)
  const bearer = `runner-${randomUUID()}`
  const asked: string[] = []
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://issuer')
    const send = (status: number, value: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    const published = provider.publication(url.pathname)
    if (published !== null) send(200, published)
    else if (url.pathname !== '/idtoken') send(404, { message: 'not found' })
    else if (request.headers.authorization !== `Bearer ${bearer}`) send(401, { message: 'not authorized' })
    else {
      const audience = url.searchParams.get('audience') ?? 'https://github.com/octo'
      asked.push(audience)
      const value = provider.sign(audience, started.claims)
      send(200, { count: value.length, value })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  provider.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const started: IdentityServer = {
    provider,
    environment: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${provider.issuer}/idtoken?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer
    },
    claims: jobClaims(),
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
  return started
}
