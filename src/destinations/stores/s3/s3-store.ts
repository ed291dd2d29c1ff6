import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { Writable, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sha256 as asSha256 } from '../../../documents/identifiers.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { sha256Of, sizeOf } from '../body.ts'
import { requireKey, requirePrefix } from '../key.ts'
import type { Store, StoreBody, StoredHash } from '../store.ts'
import { s3Client, type S3Client, type S3ClientRequest } from './client.ts'
import { cacheControlOf, contentTypeOf } from './content.ts'
import { listKeys, requireBucket } from './list.ts'
import { requireConditions } from './probe.ts'

/** What one PUT may carry ("Amazon S3 multipart upload limits"). */
const mostBytes = 5 * 1024 ** 3

/**
 * A bucket of S3, or of a service that speaks its protocol with conditional writes. The version of an object is its ETag.
 * Each request names the SHA-256 of its body in the signature, so that the server itself refuses damaged bytes, and as a
 * checksum that is kept with the object.
 */
export function s3Store(request: S3ClientRequest): Store {
  const client = s3Client(request)
  const hash = async (key: string): Promise<StoredHash | null> =>
    client.read(reading(client, key), (stream, headers) => hashOf(client, key, stream, headers))

  return {
    address: client.place.address,
    gathers: false,
    async preflight() {
      await requireBucket(client)
      await requireConditions(client)
    },
    read: async (key, maximumBytes) =>
      client.read(reading(client, key), async (stream, headers) => {
        const pieces: Buffer[] = []
        let size = 0
        for await (const piece of stream as AsyncIterable<Buffer>) {
          size += piece.length
          if (size > maximumBytes) throw tooLarge(client, key, maximumBytes)
          pieces.push(piece)
        }
        return { bytes: Buffer.concat(pieces), version: versionIn(client, key, headers) }
      }),
    hash,
    async fetch(key, file) {
      return client.read(reading(client, key), async (stream, headers) => {
        await rm(file, { force: true })
        return hashOf(client, key, stream, headers, file)
      })
    },
    list: (prefix) => listKeys(client, requirePrefix(prefix)),
    create: async (key, body) => {
      const put = await putObject(client, key, body, { 'if-none-match': '*' }, 'fixed')
      return put === null ? 'exists' : 'created'
    },
    async replace(key, body, version) {
      const condition: Record<string, string> =
        version === null ? { 'if-none-match': '*' } : { 'if-match': version }
      const put = await putObject(client, key, body, condition, 'moving')
      if (put !== null) return put
      // An answer that was lost may have been a success: then the bytes are ours.
      const there = await hash(key)
      return there?.sha256 === sha256Of(body) ? there.version : null
    },
    remove: (key, version) => removeObject(client, key, version),
    hold: () => Promise.resolve(),
    flush: () => Promise.resolve('done'),
    close: () => Promise.resolve()
  }
}

function reading(client: S3Client, key: string): { method: 'GET'; url: URL; asked: string } {
  return { method: 'GET', url: client.place.object(requireKey(key)), asked: `read ${key}` }
}

async function hashOf(
  client: S3Client,
  key: string,
  stream: Readable,
  headers: IncomingHttpHeaders,
  file?: string
): Promise<StoredHash> {
  const digest = createHash('sha256')
  let size = 0
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      digest.update(piece)
      size += piece.length
      yield piece
    }
  }
  const sink =
    file === undefined
      ? new Writable({ write: (_piece, _encoding, done) => done() })
      : createWriteStream(file, { flags: 'wx' })
  await pipeline(counted, sink)
  return { size, sha256: asSha256(digest.digest('hex')), version: versionIn(client, key, headers) }
}

/** @returns the new version, or null where the condition does not hold */
async function putObject(
  client: S3Client,
  key: string,
  body: StoreBody,
  condition: Readonly<Record<string, string>>,
  kind: 'fixed' | 'moving'
): Promise<string | null> {
  const url = client.place.object(requireKey(key))
  if (sizeOf(body) > mostBytes)
    throw new TagproofError('upload-refused', `${key} is too large for the store.`, {
      where: client.place.address,
      found: `${sizeOf(body)} bytes`,
      expected: `at most ${mostBytes} bytes, which one request may carry`,
      fix: 'Send files of this size to another destination.'
    })
  const answer = await client.send({
    method: 'PUT',
    url,
    asked: `write ${key}`,
    headers: { ...condition, 'content-type': contentTypeOf(key), 'cache-control': cacheControlOf(kind) },
    body,
    // Where nothing is, no version of it can be replaced.
    expected: [412, 'NoSuchKey']
  })
  if (answer.refused !== null) return null
  answer.stream.resume()
  return versionIn(client, key, answer.headers)
}

/** Looked at first: not every service knows conditions of DELETE, and one that ignores them is asked at the right moment. */
async function removeObject(client: S3Client, key: string, version: string): Promise<boolean> {
  const url = client.place.object(requireKey(key))
  const head = await client.send({ method: 'HEAD', url, asked: `read ${key}`, expected: ['NoSuchKey'] })
  if (head.refused !== null || head.headers.etag !== version) return false
  const answer = await client.send({
    method: 'DELETE',
    url,
    asked: `remove ${key}`,
    headers: { 'if-match': version },
    expected: [412, 404]
  })
  if (answer.refused === null) answer.stream.resume()
  return answer.refused?.status !== 412
}

function versionIn({ place }: S3Client, key: string, { etag }: IncomingHttpHeaders): string {
  if (etag !== undefined && /^"[\x21\x23-\x7e]{1,200}"$/.test(etag)) return etag
  throw new TagproofError('index-answer', `The store names no version of ${key}.`, {
    where: place.address,
    found: etag === undefined ? 'no ETag' : 'an ETag that is not one',
    fix: 'Use a service that answers as S3 does.'
  })
}

function tooLarge({ place }: S3Client, key: string, maximumBytes: number): TagproofError {
  return new TagproofError('index-answer', `${key} in the store is too large to be what it should be.`, {
    where: place.address,
    expected: `at most ${maximumBytes} bytes`
  })
}
