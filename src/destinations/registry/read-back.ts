import { setTimeout as sleep } from 'node:timers/promises'
import { sha256 as asSha256 } from '../../documents/identifiers.ts'
import type { ReadBack } from '../../documents/receipt.ts'
import { settleEach } from '../../platform/concurrency.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { readManifest } from '../../platform/registry/reading.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import { fetchBlob } from './fetch-blob.ts'
import { isDocument, type ImageBlob, type PushedImage } from './image.ts'
import { lied, tagTaken } from './refusals.ts'

export interface ReadBackContext {
  session: RegistrySession
  /** The same repository as somebody without a login sees it. */
  anonymous: RegistrySession
  http: Pick<HttpClient, 'attempts' | 'pause'>
  /** Milliseconds to wait before each further look at what is not there yet. */
  patience: readonly number[]
  signal?: AbortSignal
}

type Check = ReadBack['checks'][number]

const atOnce = 4
/** A minute in all: registries of many servers agree with themselves a little later. */
export const usualPatience: readonly number[] = [1, 2, 4, 8, 15, 30].map((seconds) => seconds * 1000)

/**
 * Fetches an image as a client would: each tag, the root by its digest, all that it points at, and each layer, every one of
 * them hashed.
 *
 * @throws TagproofError `readback-missing`, `hash-mismatch`, `destination-different` for a tag that is another image
 */
export async function readBackImage(
  { image, tags }: PushedImage,
  context: ReadBackContext
): Promise<ReadBack> {
  const { session } = context
  for (const tag of tags) {
    const document = await patiently(`the tag ${tag}`, () => readManifest(session, tag), context)
    if (document.digest !== image.root.digest)
      throw tagTaken(session, tag, document.digest, image.root.digest)
  }
  const documents = image.blobs.filter(isDocument)
  for (const { digest } of documents)
    await patiently(`the manifest ${digest}`, () => readManifest(session, digest), context)
  const parts = image.blobs.filter((blob) => !isDocument(blob))
  await settleEach(parts, atOnce, (blob) => readBackBlob(blob, context))
  const bytes = parts.reduce((sum, { size }) => sum + size, 0)
  const checks: Check[] = [
    { what: 'tags', result: 'agrees', note: tags.join(', ').slice(0, 400) },
    { what: 'manifests', result: 'agrees', note: `${documents.length}, by digest` },
    { what: 'bytes', result: 'agrees', note: `${parts.length} blobs, ${bytes} bytes, by hash` },
    await anonymousCheck(image.root.digest, context)
  ]
  return { name: image.name, sha256: asSha256(image.root.digest.slice('sha256:'.length)), checks }
}

async function readBackBlob(blob: ImageBlob, context: ReadBackContext): Promise<void> {
  const what = `the blob ${blob.digest}`
  const found = await patiently(what, () => fetchBlob(context.session, blob, context), context)
  if (found.size > blob.size)
    throw lied(context.session, what, `more than ${blob.size} bytes`, `${blob.size} bytes`)
  if (found.digest !== blob.digest) throw lied(context.session, what, found.digest, blob.digest)
}

/** What is not there is looked for again: a registry need not agree with itself at once. */
async function patiently<T>(
  what: string,
  look: () => Promise<T | null>,
  { session, patience, signal }: ReadBackContext
): Promise<T> {
  for (let round = 0; ; round += 1) {
    const found = await look()
    if (found !== null) return found
    const wait = patience[round]
    if (wait === undefined)
      throw new TagproofError('readback-missing', `${session.address} does not give out ${what}.`, {
        fix: 'Run the job again in some minutes: what is there is not sent again, and what is missing is.'
      })
    await sleep(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw new TagproofError('cancelled', 'Stopped on request.')
    })
  }
}

/** Whether users need a login is no fault, and good to know. */
async function anonymousCheck(digest: string, { anonymous }: ReadBackContext): Promise<Check> {
  const found = await readManifest(anonymous, digest).catch((error: unknown) => {
    if (error instanceof TagproofError && ['index-answer', 'network'].includes(error.code)) return null
    throw error
  })
  return found === null
    ? { what: 'anonymous', result: 'none', note: 'only with a login' }
    : { what: 'anonymous', result: 'agrees', note: 'without a login' }
}
