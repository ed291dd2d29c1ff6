import { readFile, rename } from 'node:fs/promises'
import path from 'node:path'
import type { Epoch, Sha256 } from '../../documents/identifiers.ts'
import { readConfig, readManifest, type LayerDescriptor } from '../../formats/oci/documents.ts'
import { openImage } from '../../formats/oci/image.ts'
import {
  descriptorJson,
  documentBlob,
  fileBlob,
  writeLayout,
  type Blob
} from '../../formats/oci/layout-writer.ts'
import type { NamedImage } from '../builder.ts'

interface Base {
  folder: string
  layers: LayerDescriptor[]
  diffIds: Sha256[]
}

/**
 * buildah keeps layers unpacked and packs those of the base anew. This gives the image the base's own blobs back: their
 * unpacked bytes are the same, or the image stays as it is.
 *
 * @param file tar of a layout, replaced
 */
export async function restoreBaseLayers(
  file: string,
  bases: readonly NamedImage[],
  epoch: Epoch
): Promise<void> {
  if (await writeRestored(file, `${file}.part`, bases, epoch)) await rename(`${file}.part`, file)
}

async function writeRestored(
  file: string,
  output: string,
  bases: readonly NamedImage[],
  epoch: Epoch
): Promise<boolean> {
  const image = await openImage(file)
  try {
    const [only] = image.platforms
    if (only === undefined || image.indexBytes !== null) return false
    const { diffIds } = only.configuration
    const known = (await Promise.all(bases.map(readBase)))
      .filter((base) => base.diffIds.every((id, at) => diffIds[at] === id))
      .sort((one, other) => other.layers.length - one.layers.length)
    const base = known[0]
    if (base === undefined || base.layers.length === 0) return false
    const layers = only.layers.map((layer, at) => base.layers[at] ?? layer)
    const manifest = documentBlob({
      schemaVersion: 2,
      mediaType: only.manifest.mediaType,
      config: descriptorJson(only.config.mediaType, only.config),
      layers: layers.map((layer) => descriptorJson(layer.mediaType, layer))
    })
    const { layout } = image
    const blobs: Blob[] = [
      manifest,
      { sha256: only.config.sha256, size: only.config.size, content: () => layout.content(only.config) },
      ...layers.map((layer, at) =>
        at < base.layers.length
          ? fileBlob(blobPath(base.folder, layer.sha256), layer)
          : { sha256: layer.sha256, size: layer.size, content: () => layout.content(layer) }
      )
    ]
    await writeLayout(output, descriptorJson(only.manifest.mediaType, manifest), blobs, epoch)
    return true
  } finally {
    await image.layout.close()
  }
}

async function readBase({ folder, digest }: NamedImage): Promise<Base> {
  const { layers, config } = readManifest(
    await readFile(blobPath(folder, digest.slice('sha256:'.length))),
    digest
  )
  const { diffIds } = readConfig(await readFile(blobPath(folder, config.sha256)), layers.length, 'config')
  return { folder, layers, diffIds }
}

function blobPath(folder: string, sha256: string): string {
  return path.join(folder, 'blobs', 'sha256', sha256)
}
