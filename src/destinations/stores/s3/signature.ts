import { createHash, createHmac } from 'node:crypto'

export interface S3Keys {
  accessKeyId: string
  secretAccessKey: string
  /** Of keys that end; absent for keys that do not. */
  sessionToken?: string
}

export interface Unsigned {
  method: string
  /** Its path is encoded as `encodeKey` does it; parameters are of the search part. */
  url: URL
  headers: Readonly<Record<string, string>>
  /** SHA-256 of the body, hex: the server checks the bytes against the signature. */
  payload: string
}

export interface Scope {
  region: string
  keys: S3Keys
  /** Milliseconds since 1970. */
  now: number
}

/**
 * The headers of a request with its signature (Signature Version 4, in the form of S3: the path is encoded once). All of
 * them are signed. Pure.
 *
 * @returns the headers to send; `host` is among those signed, and is the client's to send
 */
export function signedHeaders(
  { method, url, headers, payload }: Unsigned,
  scope: Scope
): Record<string, string> {
  const { region, keys } = scope
  const time = new Date(scope.now).toISOString().replace(/[-:]|\.\d+/g, '')
  const place = `${time.slice(0, 8)}/${region}/s3/aws4_request`
  const sent: Record<string, string> = {
    ...headers,
    'x-amz-content-sha256': payload,
    'x-amz-date': time,
    ...(keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken })
  }
  const lines = Object.entries({ ...sent, host: url.host })
    .map(([name, value]): [string, string] => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')])
    .sort(byName)
  const names = lines.map(([name]) => name).join(';')
  const canonical = [
    method,
    url.pathname,
    canonicalQuery(url),
    ...lines.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    payload
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', time, place, createHash('sha256').update(canonical).digest('hex')].join(
    '\n'
  )
  const signature = hmac(signingKey(keys.secretAccessKey, place), text).toString('hex')
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${place}, SignedHeaders=${names}, Signature=${signature}`
  }
}

/** A chain over day, region, service and `aws4_request`. */
function signingKey(secret: string, place: string): Buffer {
  return place.split('/').reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`))
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]): [string, string] => [encodePart(name), encodePart(value)])
    .sort((one, other) => byName(one, other) || (one[1] < other[1] ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** All but the unreserved letters of RFC 3986, section 2.3, as UTF-8. */
function encodePart(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`
  )
}

/** A key in the path of an address. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodePart).join('/')
}

/** The search part of an address, encoded as it is signed. */
export function encodeQuery(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`)
    .join('&')
}
