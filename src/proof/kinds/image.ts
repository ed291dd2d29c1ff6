import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readArchive } from '../../formats/archive.ts'
import { layerDeflate } from '../../formats/deflate.ts'
import { writeGzip } from '../../formats/gzip.ts'
import { platformName } from '../../formats/oci/descriptor.ts'
import type { Image, PlatformImage } from '../../formats/oci/image.ts'
import { unpackLayer } from '../../formats/oci/layer.ts'
import {
  descriptorJson,
  documentBlob,
  fileBlob,
  writeLayout,
  type Blob
} from '../../formats/oci/layout-writer.ts'
import { mediaTypes } from '../../formats/oci/media-types.ts'
import { hashFile } from '../../platform/files.ts'
import { packingDifferences } from '../compare.ts'
import { sameBytes } from '../pair.ts'
import { contentsByReading } from './contents.ts'
import { followLayers, withOpenImages } from './image-layers.ts'
import type { PackageKind, ShipRequest, Shipment } from './kind.ts'
import { repackedNote, shipAsBuilt } from './shipping.ts'

/**
 * Images of two worlds agree where their members do, `config.json` among them: it names each layer's uncompressed tar by
 * hash. What is left is how layers are compressed. Where both files are the same bytes, that file is shipped. Otherwise
 * each layer whose blobs differ is compressed again by our own writer from world a's tar, which is world b's with the
 * originals put back, and manifest, index and layout are written anew; configuration and equal layers stay as they are.
 */
export const imageKind: PackageKind = {
  contents: (file, wanted, most, baseLayers) => contentsByReading('image', file, wanted, most, baseLayers),
  follow: followLayers,
  async ship(request) {
    if (await sameBytes(request.a, request.b)) return shipAsBuilt(request)
    const { archives, putBacks, shipped, epoch } = request
    const packing = packingDifferences(archives.a, archives.b, putBacks, null)
    const folder = `${shipped}.layers`
    await mkdir(folder)
    try {
      await withOpenImages(request, async (a, b) => {
        const { entry, blobs } = await packedAgain(a, b, folder)
        await writeLayout(shipped, entry, blobs, epoch)
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    return described(request, [...packing, ...(putBacks.size > 0 ? ['originals put back'] : [])])
  }
}

async function described(
  { shipped, name, baseLayers }: ShipRequest,
  packing: readonly string[]
): Promise<Shipment> {
  const archive = await readArchive(shipped, 'image', baseLayers === undefined ? {} : { baseLayers })
  const { sha256, size } = await hashFile(shipped)
  return {
    shipped: { sha256, size, packing: 'canonical', built: { a: sha256, b: sha256 }, archive },
    findings: [repackedNote(name, packing.length === 0 ? ['layers'] : packing)]
  }
}

async function packedAgain(a: Image, b: Image, folder: string): Promise<{ entry: object; blobs: Blob[] }> {
  const platforms: { name: string; entry: object }[] = []
  const blobs: Blob[] = []
  for (const [at, platform] of a.platforms.entries()) {
    const { manifest, used } = await platformAgain(
      a,
      platform,
      b.platforms[at],
      path.join(folder, String(at))
    )
    blobs.push(manifest, ...used)
    const { mediaType } = platform.manifest
    const entry = descriptorJson(mediaType, manifest, a.indexBytes === null ? null : platform.platform)
    platforms.push({ name: platformName(platform.platform), entry })
  }
  const [only] = platforms
  if (a.indexBytes === null && only !== undefined) return { entry: only.entry, blobs }
  const manifests = platforms.sort((one, other) => (one.name < other.name ? -1 : 1)).map(({ entry }) => entry)
  const index = documentBlob({ schemaVersion: 2, mediaType: mediaTypes.index, manifests })
  return { entry: descriptorJson(mediaTypes.index, index), blobs: [index, ...blobs] }
}

/** The manifest of one platform, and the blobs that it names. */
async function platformAgain(
  image: Image,
  a: PlatformImage,
  b: PlatformImage | undefined,
  file: string
): Promise<{ manifest: Blob; used: Blob[] }> {
  const config = { ...a.config, content: () => [a.configBytes] }
  const used: Blob[] = [config]
  const manifest = JSON.parse(a.manifestBytes.toString('utf8')) as { layers: object[] }
  for (const [index, layer] of a.layers.entries()) {
    const content = (): AsyncIterable<Buffer> => image.layout.content(layer)
    if (b?.layers[index]?.sha256 === layer.sha256 || layer.compression === 'none') {
      used.push({ ...layer, content })
      continue
    }
    const packed = `${file}-${index}`
    await pipeline(
      Readable.from(writeGzip(unpackLayer(content(), layer.compression), layerDeflate)),
      createWriteStream(packed)
    )
    const blob = await hashFile(packed)
    used.push(fileBlob(packed, blob))
    manifest.layers[index] = {
      ...manifest.layers[index],
      mediaType: layer.mediaType.replace(/([.+])zstd$/, '$1gzip'),
      digest: `sha256:${blob.sha256}`,
      size: blob.size
    }
  }
  return { manifest: documentBlob(manifest), used }
}
