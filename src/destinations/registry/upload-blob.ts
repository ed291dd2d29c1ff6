import type { HttpClient } from '../../platform/http.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import { TagproofError } from '../../platform/errors.ts'
import { mayPass, type RegistryAnswer } from './answer.ts'
import type { BlobSource } from './blob-bytes.ts'
import { tryWrite, write, type Outcome } from './exchange.ts'
import type { ImageBlob } from './image.ts'
import { isThere } from './look.ts'
import { loginRefused, notStored, pushRefused } from './refusals.ts'
import { bytesThere, closingUrl, placeOf, type UploadPlace } from './upload-place.ts'

export interface UploadContext {
  session: RegistrySession
  http: Pick<HttpClient, 'attempts' | 'pause'>
  source: (blob: ImageBlob) => BlobSource
  /** Repositories of the same registry that may have a blob, in the order in which they are asked. */
  mountFrom: (digest: string) => readonly string[]
  /** Largest part of a blob that is sent at once, in bytes. */
  chunk?: number
  signal?: AbortSignal
}

/** A blob of this size or less is one request, as most proxies let through; larger ones can go on where they broke. */
const usualChunk = 64 * 2 ** 20
const smallestChunk = 2 ** 20

/**
 * Sees to it that the registry has a blob: looks whether it is there, has it mounted from another repository, or sends it.
 * An upload that breaks goes on where the registry says that it stopped.
 *
 * @returns what was done
 * @throws TagproofError `upload-refused`, `login-refused`, `hash-mismatch` if the tar holds other bytes, `network`
 */
export async function uploadBlob(
  blob: ImageBlob,
  context: UploadContext
): Promise<'there' | 'mounted' | 'sent'> {
  const { session } = context
  if (await isThere(session, blob)) return 'there'
  for (const from of context.mountFrom(blob.digest)) {
    const query = `mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent(from)}`
    const answer = await begin(session, query)
    if (answer.status === 201) return 'mounted'
    if (answer.status === 202) return sendBlob(blob, context, placeOf(answer))
  }
  return sendBlob(blob, context, null)
}

/** `mount` may be refused for reasons of its own, and a plain upload be taken: so a 401 there is no end. */
async function begin(session: RegistrySession, query: string): Promise<RegistryAnswer> {
  try {
    return await write(session, { url: `${uploadsOf(session)}?${query}`, method: 'POST' })
  } catch (error) {
    if (!(error instanceof TagproofError) || !['login-refused', 'network'].includes(error.code)) throw error
    return { status: 0, headers: {}, url: session.base, codes: [], words: error.message }
  }
}

export function uploadsOf(session: RegistrySession): string {
  return `${session.url('blobs', 'uploads')}/`
}

/** An upload under way. */
interface Upload {
  /** Null before it is begun, and after one that the registry has forgotten. */
  place: UploadPlace | null
  /** Bytes that the registry has. */
  offset: number
  chunk: number
  failures: number
  /** Most bytes that were ever there: only more than these are progress. */
  best: number
}

async function sendBlob(
  blob: ImageBlob,
  context: UploadContext,
  place: UploadPlace | null
): Promise<'there' | 'sent'> {
  const bytes = context.source(blob)
  const upload: Upload = { place, offset: 0, chunk: context.chunk ?? usualChunk, failures: 0, best: 0 }
  for (;;) {
    const outcome = await step(blob, bytes, upload, context)
    if (outcome === 'stored') return 'sent'
    if (outcome === 'on') continue
    const words = 'fault' in outcome ? outcome.fault.message : outcome.words
    // An answer that was lost may hide a success.
    if (await isThere(context.session, blob)) return 'there'
    upload.failures = upload.offset > upload.best ? 1 : upload.failures + 1
    upload.best = Math.max(upload.best, upload.offset)
    if (upload.failures >= context.http.attempts)
      throw 'fault' in outcome
        ? outcome.fault
        : notStored(context.session, `the blob ${blob.digest}`, words, upload.failures)
    const after = 'fault' in outcome ? undefined : outcome.headers['retry-after']
    await context.http.pause(upload.failures, after, context.signal)
    await catchUp(blob, upload, context)
  }
}

/** One request: begins the upload, sends a part, or ends it. */
async function step(
  blob: ImageBlob,
  bytes: BlobSource,
  upload: Upload,
  { session }: UploadContext
): Promise<'stored' | 'on' | Outcome> {
  if (upload.place === null) {
    const answer = await tryWrite(session, { url: uploadsOf(session), method: 'POST' })
    if ('fault' in answer) return answer
    if (answer.status !== 202) return judged(blob, answer, upload, session)
    upload.place = placeOf(answer)
    upload.offset = 0
    return 'on'
  }
  const { place, offset } = upload
  const part = Math.max(upload.chunk, place.minimum)
  const whole = offset === 0 && blob.size <= part
  const last = whole || offset === blob.size
  const until = whole ? blob.size : Math.min(offset + part, blob.size)
  const answer = await tryWrite(session, {
    url: last ? closingUrl(place, blob.digest) : place.url,
    method: last ? 'PUT' : 'PATCH',
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(until - offset),
      ...(last ? {} : { 'content-range': `${offset}-${until - 1}` })
    },
    ...(until > offset ? { body: () => bytes.stream(offset, until) } : {})
  })
  if ('fault' in answer) return answer
  if (last && answer.status === 201) return 'stored'
  if (!last && answer.status === 202) {
    upload.place = { ...place, url: placeOf(answer).url }
    // The registry's own count is what holds; one that says nothing has all.
    upload.offset = Math.min(bytesThere(answer.headers.range) ?? until, until)
    return upload.offset > offset ? 'on' : answer
  }
  return judged(blob, answer, upload, session)
}

/** What an answer other than the expected one means for the upload. @throws TagproofError what no repetition cures */
function judged(
  blob: ImageBlob,
  answer: RegistryAnswer,
  upload: Upload,
  session: RegistrySession
): 'on' | Outcome {
  const { status, codes } = answer
  const what = `the blob ${blob.digest} (${blob.role}, ${blob.size} bytes)`
  if (status < 400 || mayPass(answer) || status === 416) return answer
  if (status === 413 && Math.min(blob.size, upload.chunk) > smallestChunk) {
    upload.chunk = Math.max(Math.floor(Math.min(blob.size, upload.chunk) / 2), smallestChunk)
    upload.place = null
    return 'on'
  }
  const forgotten = status === 404 && !codes.includes('NAME_UNKNOWN') && upload.place !== null
  const damaged = codes.some((code) => /^(DIGEST_INVALID|SIZE_INVALID|BLOB_UPLOAD_)/.test(code))
  if (forgotten || damaged) {
    upload.place = null
    // One that cannot put parts together gets the blob in one piece.
    if (damaged) upload.chunk = Math.max(blob.size, smallestChunk)
    return answer
  }
  if (status === 403 || codes.includes('DENIED')) throw loginRefused(session, answer.words)
  throw pushRefused(session, what, answer)
}

/** Asks how much the registry has; an upload that it does not know any more begins anew. */
async function catchUp(blob: ImageBlob, upload: Upload, { session }: UploadContext): Promise<void> {
  if (upload.place === null) return
  const answer = await session
    .open({ url: upload.place.url, accept: [400, 401, 403, 404, 405, 416], attempts: 1 })
    .catch((error: unknown) => {
      if (error instanceof TagproofError && ['network', 'index-answer'].includes(error.code)) return null
      throw error
    })
  answer?.stream.destroy()
  const there = answer?.status === 204 ? bytesThere(answer.headers.range) : null
  if (answer === null || there === null || there === 0 || there > blob.size) {
    upload.place = null
    return
  }
  upload.place = {
    ...upload.place,
    url: answer.headers.location === undefined ? upload.place.url : placeOf(answer).url
  }
  upload.offset = there
}
