import { mediaTypes } from '../../formats/oci/media-types.ts'
import { TagproofError } from '../../platform/errors.ts'
import { digestOf, readManifest } from '../../platform/registry/reading.ts'
import { memorySource } from './blob-bytes.ts'
import type { ImageBlob, PackedImage } from './image.ts'
import { pushDocument } from './push-document.ts'
import { addToTag, listReferrers, referrersOf, type ReferrerEntry } from './referrers.ts'
import { uploadBlob, type UploadContext } from './upload-blob.ts'

/** A document that says what an image was made of; the same for the same release. */
export interface EvidenceFile {
  name: string
  mediaType: string
  bytes: Buffer
}

/** What the evidence of a release is called in a registry. */
export const evidenceType = 'application/vnd.tagproof.release.v1+json'
const emptyType = 'application/vnd.oci.empty.v1+json'
const empty = Buffer.from('{}')

/**
 * The manifest that attaches documents to an image (image-spec 1.1, "Guidelines for Artifact Usage"). It names no time, so
 * a release that is published again attaches nothing new. Pure.
 */
export function evidenceManifest(
  { root }: Pick<PackedImage, 'root'>,
  files: readonly EvidenceFile[]
): { bytes: Buffer; entry: ReferrerEntry; blobs: (ImageBlob & { bytes: Buffer })[] } {
  const blobs = [...files, { name: '', mediaType: emptyType, bytes: empty }].map(({ mediaType, bytes }) => ({
    role: 'layer' as const,
    digest: digestOf(bytes),
    mediaType,
    size: bytes.length,
    offset: 0,
    bytes
  }))
  const descriptor = ({ mediaType, digest, size }: ImageBlob): object => ({ mediaType, digest, size })
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: evidenceType,
    config: { mediaType: emptyType, digest: digestOf(empty), size: empty.length },
    layers: files.map(({ name }, at) => ({
      ...descriptor(blobs[at] as ImageBlob),
      annotations: { 'org.opencontainers.image.title': name }
    })),
    subject: { mediaType: root.mediaType, digest: root.digest, size: root.size }
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  const entry = {
    mediaType: mediaTypes.manifest,
    digest: digestOf(bytes),
    size: bytes.length,
    artifactType: evidenceType
  }
  return { bytes, entry, blobs }
}

/**
 * Attaches documents to an image that is there under its digest: blobs, then the manifest that refers to it, then the list,
 * where the registry keeps none itself.
 *
 * @throws TagproofError of {@link uploadBlob}, {@link pushDocument} and {@link addToTag}
 */
export async function attachEvidence(
  image: PackedImage,
  files: readonly EvidenceFile[],
  context: Omit<UploadContext, 'source' | 'mountFrom'>
): Promise<void> {
  const { session } = context
  const { bytes, entry, blobs } = evidenceManifest(image, files)
  for (const blob of blobs)
    await uploadBlob(blob, { ...context, source: () => memorySource(blob.bytes), mountFrom: () => [] })
  const { digest, mediaType } = entry
  const listed = async (): Promise<boolean> =>
    (await listReferrers(session, image.root.digest))?.some((one) => one.digest === digest) === true
  if ((await readManifest(session, digest)) === null) {
    await pushDocument({ bytes, mediaType, digest, reference: digest }, null, context)
  }
  // Some say that they have taken note of the subject, and keep no list all the same: the list itself decides.
  if (!(await listed())) await addToTag(image.root.digest, entry, context)
}

/** @throws TagproofError `readback-missing` for evidence that nobody finds from the image */
export async function readBackEvidence(
  image: PackedImage,
  files: readonly EvidenceFile[],
  { session }: Pick<UploadContext, 'session'>
): Promise<string> {
  const { entry } = evidenceManifest(image, files)
  const found = (await referrersOf(session, image.root.digest)).some(({ digest }) => digest === entry.digest)
  if (!found || (await readManifest(session, entry.digest)) === null)
    throw new TagproofError('readback-missing', `${session.address} does not give out the evidence.`, {
      expected: entry.digest,
      fix: 'Run the job again in some minutes; if it stays, leave evidence out for this registry.'
    })
  return entry.digest
}
