import { TagproofError } from '../../platform/errors.ts'
import { bytesOf } from './blob-bytes.ts'
import { isDocument, type ImageBlob, type PushedImage } from './image.ts'

/** What a document points at. */
interface Pointer {
  digest?: unknown
  size?: unknown
  mediaType?: unknown
}

/**
 * Reads manifests and index of an image out of its tar, and looks whether all that they point at is in the list of what is
 * to be sent, so that a registry cannot get half an image.
 *
 * @returns bytes by digest
 * @throws TagproofError `hash-mismatch` for other bytes than the list says, `document-mismatch` for a list that lacks something
 */
export async function documentsOf({ image, file }: PushedImage): Promise<Map<string, Buffer>> {
  const listed = new Map(image.blobs.map((blob) => [blob.digest, blob]))
  const documents = new Map<string, Buffer>()
  const reached = new Set<string>()
  const root = find(image.root, listed, image.name)
  const waiting: ImageBlob[] = [root]
  for (const blob of waiting) {
    reached.add(blob.digest)
    if (!isDocument(blob)) continue
    const bytes = await bytesOf(file, blob)
    documents.set(blob.digest, bytes)
    for (const pointer of pointersIn(bytes, blob, image.name)) {
      const found = find(pointer, listed, image.name)
      if (!reached.has(found.digest) && !waiting.includes(found)) waiting.push(found)
    }
  }
  const extra = image.blobs.find(({ digest }) => !reached.has(digest))
  if (extra !== undefined) throw mismatch(image.name, `the blob ${extra.digest} belongs to no image`)
  return documents
}

function pointersIn(bytes: Buffer, blob: ImageBlob, name: string): Pointer[] {
  let value: { config?: Pointer; layers?: Pointer[]; manifests?: Pointer[] } | null
  try {
    value = JSON.parse(bytes.toString('utf8')) as typeof value
  } catch {
    value = null
  }
  const found = blob.role === 'index' ? value?.manifests : [...(value?.layers ?? []), ...configOf(value)]
  if (!Array.isArray(found)) throw mismatch(name, `the document ${blob.digest} is none of an image`)
  return found
}

function configOf(value: { config?: Pointer } | null): Pointer[] {
  return value?.config === undefined ? [] : [value.config]
}

function find(pointer: Pointer, listed: ReadonlyMap<string, ImageBlob>, name: string): ImageBlob {
  const digest = String(pointer.digest)
  const blob = listed.get(digest)
  if (blob === undefined) throw mismatch(name, `the blob ${digest.slice(0, 100)} is not in the list`)
  if (blob.size !== pointer.size)
    throw mismatch(
      name,
      `${digest} has ${blob.size} bytes in the list, and ${String(pointer.size)} in the image`
    )
  return blob
}

function mismatch(name: string, found: string): TagproofError {
  return new TagproofError('document-mismatch', `uploads.json does not describe ${name} as it is.`, {
    where: 'uploads.json',
    found,
    fix: 'Run tagproof prove and record again.'
  })
}
