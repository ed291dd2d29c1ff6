import { settleEach } from '../../platform/concurrency.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import type { Log } from '../../platform/log.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import { BlobBytes } from './blob-bytes.ts'
import { isDocument, type ImageBlob, type PushedImage } from './image.ts'
import { lookAtTag } from './look.ts'
import { pushDocument } from './push-document.ts'
import { uploadBlob, type UploadContext } from './upload-blob.ts'

export interface StageContext {
  session: RegistrySession
  http: Pick<HttpClient, 'attempts' | 'pause'>
  log: Log
  mountFrom: UploadContext['mountFrom']
  /** Manifests and index by digest. */
  documents: ReadonlyMap<string, Buffer>
  chunk?: number
  signal?: AbortSignal
}

const atOnce = 4

/**
 * Sends all of an image under its digests alone, where nobody finds it: layers and configurations, then manifests, then the
 * index that points at them.
 *
 * @throws TagproofError of {@link uploadBlob} and {@link pushDocument}
 */
export async function stageImage({ image, file }: PushedImage, context: StageContext): Promise<void> {
  const { session, log, signal } = context
  const parts = image.blobs.filter((blob) => !isDocument(blob))
  const done = await settleEach(parts, atOnce, async (blob) => {
    if (signal?.aborted === true) throw new TagproofError('cancelled', 'Stopped on request.')
    return {
      blob,
      outcome: await uploadBlob(blob, { ...context, source: (each) => new BlobBytes(file, each) })
    }
  })
  const told = (['sent', 'mounted', 'there'] as const).flatMap((outcome) => {
    const these = done.filter((one) => one.outcome === outcome)
    const bytes = these.reduce((sum, { blob }) => sum + blob.size, 0)
    return these.length === 0 ? [] : [`${these.length} ${outcome} (${bytes} bytes)`]
  })
  log.info(`${session.address}: blobs of ${image.name}: ${told.join(', ')}`)
  for (const role of ['manifest', 'index'] as const)
    for (const blob of image.blobs.filter((each) => each.role === role)) await sendDocument(blob, context)
}

async function sendDocument(blob: ImageBlob, context: StageContext): Promise<void> {
  const { session, documents } = context
  const { digest, mediaType } = blob
  if ((await lookAtTag(session, digest)) !== null) return
  const bytes = documents.get(digest)
  if (bytes === undefined) throw new TagproofError('internal', `The document ${digest} was not read.`)
  const pushed = await pushDocument({ bytes, mediaType, digest, reference: digest }, null, context)
  if (pushed.outcome === 'raced')
    throw new TagproofError('index-answer', `${session.address} has something else under ${digest}.`, {
      found: pushed.found?.digest ?? 'nothing',
      fix: 'No registry that keeps to its protocol can. Tell those who run it.'
    })
}
