import { createSign, generateKeyPairSync, verify, type KeyObject } from 'node:crypto'

/** The issuer of the runner's identity tokens, with its key: RS256, as GitHub's. */
export interface TokenIssuer {
  url: string
  key: KeyObject
  token(claims?: Readonly<Record<string, unknown>>): string
}

export const run = {
  repository: 'herald-org/herald',
  repository_id: '4711',
  repository_owner: 'herald-org',
  repository_owner_id: '42',
  repository_visibility: 'public',
  sha: '1'.repeat(40),
  ref: 'refs/tags/v1.2.0',
  event_name: 'push',
  workflow: 'Release',
  workflow_ref: 'herald-org/herald/.github/workflows/release.yml@refs/tags/v1.2.0',
  workflow_sha: '1'.repeat(40),
  job_workflow_ref: 'herald-org/herald/.github/workflows/release.yml@refs/tags/v1.2.0',
  job_workflow_sha: '1'.repeat(40),
  run_id: '900',
  run_attempt: '1',
  runner_environment: 'github-hosted',
  sub: 'repo:herald-org/herald:environment:release'
} as const

/** What a runner sets for such a run. */
export const runEnvironment: NodeJS.ProcessEnv = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: run.repository,
  GITHUB_REPOSITORY_ID: run.repository_id,
  GITHUB_REPOSITORY_OWNER_ID: run.repository_owner_id,
  GITHUB_WORKFLOW_REF: run.workflow_ref,
  GITHUB_WORKFLOW_SHA: run.workflow_sha,
  GITHUB_REF: run.ref,
  GITHUB_SHA: run.sha,
  GITHUB_EVENT_NAME: run.event_name,
  GITHUB_RUN_ID: run.run_id,
  GITHUB_RUN_ATTEMPT: run.run_attempt,
  RUNNER_ENVIRONMENT: run.runner_environment
}

export function tokenIssuer(url = 'https://token.actions.githubusercontent.com'): TokenIssuer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    url,
    key: publicKey,
    token(claims = {}) {
      const now = Math.floor(Date.now() / 1000)
      const body = { ...run, iss: url, aud: 'sigstore', iat: now, nbf: now, exp: now + 300, ...claims }
      const signed = [{ alg: 'RS256', typ: 'JWT' }, body]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.')
      return `${signed}.${createSign('sha256').update(signed).sign(privateKey, 'base64url')}`
    }
  }
}

/** What the certificate authority checks of a token. @returns its claims, or what is wrong */
export function claimsOf(token: string, issuer: TokenIssuer): Record<string, string> | { wrong: string } {
  const [head = '', body = '', signature = ''] = token.split('.')
  if (!verify('sha256', Buffer.from(`${head}.${body}`), issuer.key, Buffer.from(signature, 'base64url')))
    return { wrong: 'signature' }
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Record<string, string>
  if (claims.iss !== issuer.url) return { wrong: 'issuer' }
  if (claims.aud !== 'sigstore') return { wrong: 'audience' }
  if (Number(claims.exp) <= Date.now() / 1000) return { wrong: 'token is expired' }
  return claims
}
