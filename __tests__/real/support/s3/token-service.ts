import { createPublicKey, createVerify, randomUUID, type JsonWebKey } from 'node:crypto'
import type { Account } from './authorization.ts'
import { escaped, S3Fault } from './fault.ts'

/** The trust policy of one role, and the keys of the identity provider that it names. */
export interface Trust {
  role: string
  audience: string
  subject: string
  /** JSON Web Key Set, as the issuer publishes it. */
  keySet: () => { keys: readonly JsonWebKey[] }
  /** Seconds that the keys count. */
  lifetime?: number
}

/** AssumeRoleWithWebIdentity: the token is checked, signature and all. */
export function assumeRole(
  body: Buffer,
  accounts: Map<string, Account>,
  trust: Trust | undefined,
  now: number
): { status: number; headers: Record<string, string>; body: string } {
  const form = new URLSearchParams(body.toString())
  if (form.get('Action') !== 'AssumeRoleWithWebIdentity' || form.get('Version') !== '2011-06-15')
    throw new S3Fault(400, 'InvalidAction', 'no such action')
  if (!/^[\w+=,.@-]{2,64}$/.test(form.get('RoleSessionName') ?? ''))
    throw new S3Fault(400, 'ValidationError', 'RoleSessionName')
  const claims = claimsIn(form.get('WebIdentityToken') ?? '', trust, now)
  const given =
    trust?.role === form.get('RoleArn') && claims.aud === trust.audience && claims.sub === trust.subject
  if (trust === undefined || !given)
    throw new S3Fault(403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity')
  const ends = now + (trust.lifetime ?? Number(form.get('DurationSeconds'))) * 1000
  const id = `ASIA${randomUUID().slice(0, 8)}`
  const account = { secret: randomUUID(), session: { token: `${randomUUID()}+/=`, ends } }
  accounts.set(id, account)
  const text = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${account.secret}</SecretAccessKey><SessionToken>${escaped(account.session.token)}</SessionToken><Expiration>${new Date(ends).toISOString()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
  return { status: 200, headers: { 'content-type': 'text/xml' }, body: text }
}

function claimsIn(token: string, trust: Trust | undefined, now: number): Record<string, unknown> {
  const [head = '', payload = '', signature = ''] = token.split('.')
  const jwk = trust?.keySet().keys[0]
  const invalid = new S3Fault(
    400,
    'InvalidIdentityToken',
    "Couldn't retrieve verification key from your identity provider"
  )
  if (jwk === undefined) throw invalid
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  if (!createVerify('sha256').update(`${head}.${payload}`).verify(key, Buffer.from(signature, 'base64url')))
    throw invalid
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  if (Number(claims.exp) * 1000 < now) throw new S3Fault(400, 'ExpiredTokenException', 'Token expired')
  return claims
}
