import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { beginningOf } from '../../../platform/http-beginning.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { sha256OfBytes } from '../../../platform/files.ts'
import type { HttpClient } from '../../../platform/http.ts'
import { sha256Of, sizeOf, streamOf } from '../body.ts'
import type { StoreBody } from '../store.ts'
import type { S3Login } from './login.ts'
import type { S3Place } from './place.ts'
import { isExpired, isPassing, refusalOf, refusedBy, type Asked, type S3Refusal } from './refusals.ts'
import { signedHeaders } from './signature.ts'

export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  url: URL
  /** For messages: what it does. */
  asked: Asked
  headers?: Readonly<Record<string, string>>
  body?: StoreBody
  /** Error codes and statuses that the caller understands. */
  expected?: readonly (string | number)[]
}

/** An answer: a success with its stream, which must be read or destroyed, or a refusal that the caller expects. */
export type S3Answer =
  { refused: null; status: number; headers: IncomingHttpHeaders; stream: Readable } | { refused: S3Refusal }

export interface S3Client {
  readonly place: S3Place
  /** @throws TagproofError of {@link refusedBy}; `network` after all attempts; `hash-mismatch` for another file */
  send(request: S3Request): Promise<S3Answer>
  /** Reads a whole answer in bounded memory; a connection that breaks is opened anew. */
  read<T>(
    request: S3Request,
    use: (stream: Readable, headers: IncomingHttpHeaders) => Promise<T>
  ): Promise<T | null>
}

export interface S3ClientRequest {
  place: S3Place
  login: S3Login
  http: HttpClient
  /** Milliseconds since 1970. */
  now: () => number
  signal?: AbortSignal
}

const emptyPayload = sha256OfBytes('')
/** Storing a large file takes a server its time, in which it says nothing. */
const patience = 4
const mostRefusal = 64 * 1024

/** Requests with signatures, sent again while the answer may be another one the next time. */
export function s3Client({ place, login, http, now, signal }: S3ClientRequest): S3Client {
  const signalled = signal === undefined ? {} : { signal }

  async function once(request: S3Request): Promise<S3Answer> {
    const { method, url, body } = request
    const payload = body === undefined ? emptyPayload : sha256Of(body)
    const headers = {
      ...request.headers,
      ...(body === undefined
        ? {}
        : {
            'content-length': String(sizeOf(body)),
            'x-amz-checksum-sha256': Buffer.from(payload, 'hex').toString('base64')
          })
    }
    const scope = { region: place.region, keys: await login.keys(), now: now() }
    const answer = await http.open({
      url,
      method,
      headers: signedHeaders({ method, url, headers, payload }, scope),
      ...(body === undefined ? {} : { body: () => streamOf(body) }),
      accept: 'any',
      attempts: 1,
      patience,
      ...signalled
    })
    if (answer.status >= 200 && answer.status < 300) return { refused: null, ...answer }
    return {
      refused: refusalOf(answer.status, answer.headers, (await beginningOf(answer.stream, mostRefusal)).text)
    }
  }

  async function send(request: S3Request): Promise<S3Answer> {
    let renewed = false
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await once(request)
        const { refused } = answer
        if (refused === null || isExpected(request, refused)) return answer
        if (isExpired(refused) && !renewed && login.renew()) renewed = true
        else if (!isPassing(refused) || attempt >= http.attempts)
          throw refusedBy(refused, request.asked, place, now())
        else await http.pause(attempt, undefined, signal)
      } catch (error) {
        if (!(error instanceof TagproofError) || error.code !== 'network' || attempt >= http.attempts)
          throw error
        await http.pause(attempt, undefined, signal)
      }
    }
  }

  return {
    place,
    send,
    async read(request, use) {
      for (let attempt = 1; ; attempt += 1) {
        const answer = await send({ ...request, expected: ['NoSuchKey'] })
        if (answer.refused !== null) return null
        try {
          return await use(answer.stream, answer.headers)
        } catch (error) {
          answer.stream.destroy()
          // An error of the system is one of our own disk, unless it is one of the connection.
          if (!isBroken(error) || attempt >= http.attempts) throw error
          await http.pause(attempt, undefined, signal)
        }
      }
    }
  }
}

function isExpected({ method, expected = [] }: S3Request, { code, status }: S3Refusal): boolean {
  // The answer to HEAD has no body that could name a code.
  if (method === 'HEAD' && status === 404) return expected.includes('NoSuchKey')
  return expected.includes(code) || expected.includes(status)
}

function isBroken(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return ['network', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ETIMEDOUT'].includes(String(code))
}
