import { createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { sha256 as asSha256, type Epoch, type Sha256 } from '../../documents/identifiers.ts'
import { FileSink } from '../file-sink.ts'
import { tarEnd, tarHeader, tarPadding, type TarHeaderFields } from '../tar/writer.ts'
import { platformName, type Descriptor, type Platform } from './descriptor.ts'
import { openImage, type Image } from './image.ts'
import { mediaTypes } from './media-types.ts'

/** A blob to be written: bytes, or what a file or another layout holds. */
export interface Blob {
  sha256: Sha256
  size: number
  content: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** What `oci-layout` holds (image-spec, "oci-layout file"). */
export const layoutVersion = Buffer.from('{"imageLayoutVersion":"1.0.0"}')

/** A document of an image: keys in the order given, no spaces. The same value gives the same bytes. */
export function documentBlob(value: object): Blob & { bytes: Buffer } {
  const bytes = Buffer.from(JSON.stringify(value))
  const sha256 = asSha256(createHash('sha256').update(bytes).digest('hex'))
  return { sha256, size: bytes.length, bytes, content: () => [bytes] }
}

/** A blob that lies in a file. */
export function fileBlob(file: string, { sha256, size }: { sha256: Sha256; size: number }): Blob {
  return { sha256, size, content: () => createReadStream(file, { highWaterMark: 1 << 16 }) }
}

/** A descriptor as it stands in our documents. */
export function descriptorJson(
  mediaType: string,
  { sha256, size }: { sha256: Sha256; size: number },
  platform: Platform | null = null
): object {
  const { os = '', architecture = '', variant = '' } = platform ?? {}
  return {
    mediaType,
    digest: `sha256:${sha256}`,
    size,
    ...(platform === null ? {} : { platform: { architecture, os, ...(variant === '' ? {} : { variant }) } })
  }
}

/**
 * Writes a tar of an OCI layout that holds one image: `oci-layout`, `index.json`, and the blobs by digest, each once.
 * The same blobs give the same bytes.
 *
 * @param entry the descriptor in `index.json`
 * @param output is made, whole or not at all; a blob with other bytes than its digest says is an error
 */
export async function writeLayout(
  output: string,
  entry: object,
  blobs: Iterable<Blob>,
  epoch: Epoch
): Promise<void> {
  const sorted = [...new Map([...blobs].map((blob) => [blob.sha256, blob])).values()].sort((one, other) =>
    one.sha256 < other.sha256 ? -1 : 1
  )
  const index = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [entry] })
  )
  const handle = await open(output, 'wx', 0o644)
  try {
    const sink = new FileSink(handle)
    const header = (fields: Pick<TarHeaderFields, 'path' | 'kind' | 'size'>): Buffer =>
      tarHeader({ ...fields, mode: fields.kind === 'directory' ? 0o755 : 0o644, mtime: epoch })
    for (const [path, bytes] of [['oci-layout', layoutVersion] as const, ['index.json', index] as const]) {
      await sink.write(header({ path, kind: 'file', size: bytes.length }))
      await sink.write(Buffer.concat([bytes, tarPadding(bytes.length)]))
    }
    for (const path of ['blobs', 'blobs/sha256'])
      await sink.write(header({ path, kind: 'directory', size: 0 }))
    for (const blob of sorted) {
      await sink.write(header({ path: `blobs/sha256/${blob.sha256}`, kind: 'file', size: blob.size }))
      await copyBlob(blob, sink)
      await sink.write(tarPadding(blob.size))
    }
    await sink.write(tarEnd)
    await sink.flush()
    await handle.close()
  } catch (error) {
    await handle.close()
    await rm(output, { force: true })
    throw error
  }
}

async function copyBlob({ sha256, size, content }: Blob, sink: FileSink): Promise<void> {
  const hash = createHash('sha256')
  let written = 0
  for await (const piece of content()) {
    hash.update(piece)
    written += piece.length
    await sink.write(piece)
  }
  if (written !== size || hash.digest('hex') !== sha256)
    throw new RangeError(`the blob sha256:${sha256} has other bytes than its digest says`)
}

/** All blobs of an image that is open, its index of platforms among them. */
export function blobsOf({ layout, entry, indexBytes, platforms }: Image): Blob[] {
  const blob = (descriptor: Descriptor): Blob => ({
    sha256: descriptor.sha256,
    size: descriptor.size,
    content: () => layout.content(descriptor)
  })
  return [
    ...(indexBytes === null ? [] : [blob(entry)]),
    ...platforms.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers].map(blob))
  ]
}

/**
 * Puts images of one platform each together as one image with an index of platforms, sorted by platform. Manifests,
 * configurations and layers keep their bytes.
 *
 * @throws TagproofError `archive-invalid` for an input that is none
 * @throws RangeError where two inputs are for the same platform, or one is for several
 */
export async function mergeLayouts(inputs: readonly string[], output: string, epoch: Epoch): Promise<void> {
  const images: Image[] = []
  try {
    for (const input of inputs) images.push(await openImage(input))
    const platforms = images.flatMap((image) => {
      if (image.indexBytes !== null) throw new RangeError('an image with several platforms cannot be merged')
      return image.platforms
    })
    const named = new Map(platforms.map((image) => [platformName(image.platform), image]))
    if (named.size !== platforms.length) throw new RangeError('two images are for the same platform')
    const manifests = [...named]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, { manifest, platform }]) => descriptorJson(manifest.mediaType, manifest, platform))
    const index = documentBlob({ schemaVersion: 2, mediaType: mediaTypes.index, manifests })
    const blobs = [index, ...images.flatMap(blobsOf)]
    await writeLayout(output, descriptorJson(mediaTypes.index, index), blobs, epoch)
  } finally {
    for (const { layout } of images) await layout.close()
  }
}
