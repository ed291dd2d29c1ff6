import { acceptedManifests, readManifest } from '../../platform/registry/reading.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import type { ImageBlob } from './image.ts'
import { isDocument } from './image.ts'
import { loginRefused } from './refusals.ts'

/** What a tag stands for. */
export interface Tagged {
  /** `sha256:…` */
  digest: string
  /** What a conditional write names it by; null where the registry does not say. */
  etag: string | null
}

/**
 * What a tag stands for; null where it is not there. A registry need not name the digest: then the document is fetched and
 * hashed.
 *
 * @throws TagproofError `login-refused`, `index-answer`, `network`
 */
export async function lookAtTag(session: RegistrySession, tag: string): Promise<Tagged | null> {
  const answer = await session.open({
    url: session.url('manifests', tag),
    method: 'HEAD',
    headers: { accept: acceptedManifests },
    accept: [403, 404, 405]
  })
  answer.stream.destroy()
  if (answer.status === 401 || answer.status === 403) throw loginRefused(session, `status ${answer.status}`)
  if (answer.status === 404) return null
  const claimed = answer.headers['docker-content-digest']
  const { etag } = answer.headers
  if (answer.status !== 405 && typeof claimed === 'string' && /^sha256:[0-9a-f]{64}$/.test(claimed))
    return { digest: claimed, etag: etag ?? null }
  return readManifest(session, tag)
}

/**
 * Whether a part of an image is there, whole as far as its size tells. One that nobody may ask for counts as not there:
 * sending it again tells more.
 *
 * @throws TagproofError `login-refused`, `index-answer`, `network`
 */
export async function isThere(session: RegistrySession, blob: ImageBlob): Promise<boolean> {
  const kind = isDocument(blob) ? 'manifests' : 'blobs'
  const answer = await session.open({
    url: session.url(kind, blob.digest),
    method: 'HEAD',
    headers: isDocument(blob) ? { accept: acceptedManifests } : {},
    accept: [403, 404, 405]
  })
  answer.stream.destroy()
  if (answer.status === 401) throw loginRefused(session, 'status 401')
  if (answer.status < 200 || answer.status >= 300) return false
  const length = answer.headers['content-length']
  return length === undefined || Number(length) === blob.size
}
