import { claimsOf } from '../../../platform/github-identity.ts'
import { TagproofError } from '../../../platform/errors.ts'
import type { HttpClient } from '../../../platform/http.ts'
import { printable } from '../../../platform/printable.ts'
import type { S3Keys } from './signature.ts'
import { textOf } from './xml.ts'

/** Where the keys of a store come from. */
export interface S3Login {
  /** @throws TagproofError `login-refused`, `permission-missing`, `network` */
  keys(): Promise<S3Keys>
  /** Others after a refusal of keys that have ended; false where there are none. */
  renew(): boolean
}

/** Keys that do not end. @throws TagproofError `login-refused` for what cannot be keys */
export function keyLogin(keys: S3Keys, onSecret: (value: string) => void): S3Login {
  onSecret(keys.secretAccessKey)
  for (const value of [keys.accessKeyId, keys.secretAccessKey])
    if (!/^[\x21-\x7e]{3,256}$/.test(value))
      throw new TagproofError('login-refused', 'The keys of the store cannot be keys.', {
        found: value === '' ? 'nothing' : 'white space or other letters in them',
        fix: 'Copy s3-access-key-id and s3-secret-access-key again, each as one word.'
      })
  return { keys: () => Promise.resolve(keys), renew: () => false }
}

export interface RoleRequest {
  /** `arn:aws:iam::ACCOUNT:role/NAME`, or what a compatible service calls one. */
  role: string
  tokenService: URL
  identityToken: (audience: string) => Promise<string>
  http: HttpClient
  onSecret: (value: string) => void
  now: () => number
  signal?: AbortSignal
}

export const tokenAudience = 'sts.amazonaws.com'
const hour = 3600
/** Keys are not used in their last minutes: a large file takes its time. */
const margin = 5 * 60_000

/**
 * Keys of a role for an hour, in exchange for the identity token of the workflow (AssumeRoleWithWebIdentity): there is no
 * secret that could be stolen or must be changed.
 */
export function roleLogin(request: RoleRequest): S3Login {
  let held: { keys: S3Keys; ends: number } | null = null
  return {
    async keys() {
      if (held === null || request.now() > held.ends - margin) held = await assumeRole(request)
      return held.keys
    },
    renew() {
      held = null
      return true
    }
  }
}

async function assumeRole(request: RoleRequest): Promise<{ keys: S3Keys; ends: number }> {
  const { role, tokenService, identityToken, http, onSecret, now, signal } = request
  const token = await identityToken(tokenAudience)
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: 'tagproof',
    WebIdentityToken: token,
    DurationSeconds: String(hour)
  })
  const { status, body } = await http.read({
    url: tokenService,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
    accept: [400, 401, 403, 404],
    maximumBytes: 1 << 18,
    ...(signal === undefined ? {} : { signal })
  })
  const text = body.toString('utf8')
  const [accessKeyId, secretAccessKey, sessionToken] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map(
    (name) => textOf(text, name)
  )
  if (status !== 200 || accessKeyId == null || secretAccessKey == null || sessionToken == null)
    throw roleRefused(role, `${status} ${textOf(text, 'Code') ?? ''} ${textOf(text, 'Message') ?? ''}`, token)
  for (const secret of [secretAccessKey, sessionToken]) onSecret(secret)
  const ends = Date.parse(textOf(text, 'Expiration') ?? '')
  return {
    keys: { accessKeyId, secretAccessKey, sessionToken },
    ends: Number.isNaN(ends) ? now() + hour * 1000 : ends
  }
}

function roleRefused(role: string, said: string, token: string): TagproofError {
  const { iss, aud, sub } = claimsOf(token)
  const claims = Object.entries({ iss, aud, sub }).map(([name, value]) => `${name} ${String(value)}`)
  return new TagproofError('login-refused', `The role ${role} is not given to this job.`, {
    found: printable(said.trim()).slice(0, 400),
    expected: printable(`a trust policy that allows ${claims.join(', ')}`).slice(0, 500),
    fix: 'Correct role in the store of the configuration, or the identity provider and the trust policy of the role (docs/stores.md).'
  })
}
