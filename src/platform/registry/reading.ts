import { createHash } from 'node:crypto'
import { TagproofError } from '../errors.ts'
import type { HttpAnswer } from '../http.ts'
import { loginHint } from './login.ts'
import { requireSecure, type RegistrySession } from './session.ts'

/** A document of a registry, with the digest of just these bytes. */
export interface RegistryDocument {
  bytes: Buffer
  /** `sha256:…` */
  digest: string
  /** As the answer says it, without parameters; empty if it does not. */
  mediaType: string
}

/** One that was just read, with what a conditional write names it by; null where the registry does not say. */
export interface ReadDocument extends RegistryDocument {
  etag: string | null
}

const largestManifest = 4 * 2 ** 20
/** Value of `Accept` for whatever an image may be described by. */
export const acceptedManifests = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json'
].join(', ')

/**
 * A manifest or index by tag or digest; null if there is none.
 *
 * @throws TagproofError `hash-mismatch` for bytes that are not those of their digest, `index-answer`, `network`
 */
export async function readManifest(
  session: RegistrySession,
  reference: string
): Promise<ReadDocument | null> {
  const answer = await read(session, 'manifests', reference, largestManifest)
  if (answer === null) return null
  const digest = digestOf(answer.body)
  const wanted = reference.startsWith('sha256:') ? reference : null
  if (wanted !== null && digest !== wanted) throw lied(session.address, digest, wanted)
  // The header is optional; one that is there must be true.
  const claimed = answer.headers['docker-content-digest']
  if (typeof claimed === 'string' && claimed.startsWith('sha256:') && claimed !== digest)
    throw lied(session.address, digest, claimed)
  const { etag } = answer.headers
  const mediaType = mediaTypeOf(answer.headers['content-type'])
  return { bytes: answer.body, digest, mediaType, etag: etag ?? null }
}

/** A small blob; null if there is none. @throws as {@link readManifest} */
export async function readBlob(
  session: RegistrySession,
  digest: string,
  maximumBytes: number
): Promise<Buffer | null> {
  const answer = await read(session, 'blobs', digest, maximumBytes)
  if (answer === null) return null
  const found = digestOf(answer.body)
  if (found !== digest) throw lied(session.address, found, digest)
  return answer.body
}

async function read(
  session: RegistrySession,
  kind: 'manifests' | 'blobs',
  name: string,
  maximumBytes: number
): Promise<(HttpAnswer & { body: Buffer }) | null> {
  const answer = await session.read({
    url: session.url(kind, name),
    headers: kind === 'manifests' ? { accept: acceptedManifests } : {},
    accept: [403, 404],
    maximumBytes
  })
  requireSecure(answer.url)
  if (answer.status === 404) return null
  if (answer.status === 401 || answer.status === 403)
    throw denied(session.address, answer.status, session.base)
  return answer
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function mediaTypeOf(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function lied(address: string, found: string, expected: string): TagproofError {
  return new TagproofError('hash-mismatch', `${address} sent other bytes than their digest names.`, {
    found,
    expected,
    fix: 'Nothing was kept. Find out who stands between you and the registry.'
  })
}

function denied(address: string, status: number, base: URL): TagproofError {
  return new TagproofError('index-answer', `${address} may not be read with this login, or does not exist.`, {
    found: `status ${status}`,
    fix: loginHint(base)
  })
}
