import { TagproofError } from './errors.ts'
import type { HttpClient } from './http.ts'

const largestToken = 1 << 16

/** What an identity token says of the job. */
export type Claims = Readonly<Record<string, unknown>>

/**
 * A new identity token of this job (OpenID Connect), signed by GitHub for one audience. Every call gives another one: who takes
 * it may take each only once.
 *
 * @param onSecret called with the token before anything else, to mask it
 * @throws TagproofError `permission-missing` where the job may have none, `index-answer`, `network`
 */
export async function identityToken(
  http: HttpClient,
  environment: Readonly<Record<string, string | undefined>>,
  audience: string,
  onSecret: (value: string) => void
): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer = '' } = environment
  if (url === '' || bearer === '')
    throw new TagproofError('permission-missing', 'The job that publishes may not ask for an id token.', {
      found: 'no ACTIONS_ID_TOKEN_REQUEST_URL',
      expected: 'id-token: write in the permissions of the job',
      fix: 'Add id-token: write to the permissions of the job that publishes, and to no other job.'
    })
  const { body } = await http.read({
    url: `${url}${url.includes('?') ? '&' : '?'}audience=${encodeURIComponent(audience)}`,
    headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
    maximumBytes: largestToken
  })
  const token = tokenIn(body)
  onSecret(token)
  return token
}

function tokenIn(body: Buffer): string {
  try {
    const { value } = JSON.parse(body.toString('utf8')) as { value?: unknown }
    if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value
  } catch {
    // Told below.
  }
  throw new TagproofError('index-answer', 'The runner gave no id token.', {
    fix: 'Run the failed job again.'
  })
}

/** The claims of a token. Its signature is not checked: it came from the runner, and decides nothing but refusals. */
export function claimsOf(token: string): Claims {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null ? (claims as Claims) : {}
  } catch {
    return {}
  }
}
