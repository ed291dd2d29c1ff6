import { createHash, createHmac } from 'node:crypto'
import type http from 'node:http'
import { S3Fault } from './fault.ts'

/** Keys that a store knows, and what they may do. */
export interface Account {
  secret: string
  /** Of temporary keys. */
  session?: { token: string; ends: number }
  /** `s3:PutObject` and the like; all by default. */
  allowed?: readonly string[]
}

export interface Judged {
  account: Account
  /** SHA-256 that the body must have, hex. */
  payload: string
}

const skew = 15 * 60_000

/**
 * Judges a signature as the documentation of Signature Version 4 says it, line by line; nothing of it is shared with the
 * program that is tested.
 *
 * @throws S3Fault
 */
export function judgeAuthorization(
  request: http.IncomingMessage,
  accounts: ReadonlyMap<string, Account>,
  region: string,
  now: number
): Judged {
  const { headers } = request
  const text = headers.authorization ?? ''
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      text
    )
  if (parts === null) throw new S3Fault(403, 'AccessDenied', 'no signature')
  const [, id = '', day = '', signedRegion = '', names = '', signature = ''] = parts
  if (signedRegion !== region)
    throw new S3Fault(
      400,
      'AuthorizationHeaderMalformed',
      `the region '${signedRegion}' is wrong; expecting '${region}'`,
      { Region: region }
    )
  const account = accounts.get(id)
  if (account === undefined) throw new S3Fault(403, 'InvalidAccessKeyId', 'no such key')
  const date = String(headers['x-amz-date'])
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Number.isNaN(at) || !date.startsWith(day)) throw new S3Fault(403, 'AccessDenied', 'no date')
  if (Math.abs(at - now) > skew)
    throw new S3Fault(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      { ServerTime: new Date(now).toISOString() }
    )
  const signed = names.split(';')
  const required = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))]
  if (headers['content-type'] !== undefined) required.push('content-type')
  for (const name of required)
    if (!signed.includes(name))
      throw new S3Fault(
        403,
        'AccessDenied',
        `There were headers present in the request which were not signed: ${name}`
      )
  const payload = String(headers['x-amz-content-sha256'])
  if (!/^[0-9a-f]{64}$/.test(payload))
    throw new S3Fault(400, 'InvalidRequest', 'the payload has to be signed here')
  const canonical = `${request.method ?? ''}\n${pathOf(request)}\n${queryOf(request)}\n${[...signed]
    .sort()
    .map(
      (name) =>
        `${name}:${String(headers[name] ?? '')
          .trim()
          .replace(/ +/g, ' ')}\n`
    )
    .join('')}\n${names}\n${payload}`
  const scope = `${day}/${region}/s3/aws4_request`
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`
  let key: Buffer = Buffer.from(`AWS4${account.secret}`)
  for (const part of [day, region, 's3', 'aws4_request', toSign])
    key = createHmac('sha256', key).update(part).digest()
  if (key.toString('hex') !== signature)
    throw new S3Fault(403, 'SignatureDoesNotMatch', 'the signature is another one')
  judgeSession(account, headers['x-amz-security-token'], now)
  return { account, payload }
}

function judgeSession({ session }: Account, token: string | string[] | undefined, now: number): void {
  if (session === undefined && token === undefined) return
  if (session?.token !== token) throw new S3Fault(400, 'InvalidToken', 'the token is another one')
  if (session !== undefined && now > session.ends)
    throw new S3Fault(400, 'ExpiredToken', 'The provided token has expired.')
}

/** Decoded, and encoded again as the documentation says: what a client signs otherwise does not match. */
function pathOf(request: http.IncomingMessage): string {
  return (
    (request.url ?? '')
      .split('?')[0]
      ?.split('/')
      .map((part) => encoded(decodeURIComponent(part)))
      .join('/') ?? ''
  )
}

function queryOf(request: http.IncomingMessage): string {
  const text = (request.url ?? '').split('?')[1] ?? ''
  if (text === '') return ''
  const pairs = text.split('&').map((pair) => {
    const at = pair.indexOf('=')
    const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
    return `${encoded(decodeURIComponent(name))}=${encoded(decodeURIComponent(value))}`
  })
  return pairs.sort().join('&')
}

function encoded(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    )
    .join('')
}
