import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { sha256, type Sha256 } from '../../../src/documents/identifiers.ts'
import { openImage } from '../../../src/formats/oci/image.ts'
import {
  descriptorJson,
  documentBlob,
  writeLayout,
  type Blob
} from '../../../src/formats/oci/layout-writer.ts'
import { mediaTypes } from '../../../src/formats/oci/media-types.ts'

/** A layer with its blob, and what the configuration says of it. */
export interface Part {
  mediaType: string
  blob: Blob
  diffId: Sha256
}

/** The configuration of an image, as far as attacks look at it. */
export interface Configuration {
  config: Record<string, unknown> & { Env: string[] }
  history: { created?: string; created_by?: string; empty_layer?: boolean }[]
}

/** What an attacker who holds a finished image may change of it. */
export interface ImageParts {
  /** From the bottom up. */
  layers: Part[]
  configuration: Configuration
}

export type Alteration = (parts: ImageParts) => void

/** Writes an image again with other parts; all digests are right afterwards. */
export async function alterImage(from: string, to: string, alteration: Alteration): Promise<void> {
  const image = await openImage(from)
  try {
    const [platform] = image.platforms
    if (platform === undefined) throw new Error('the image has no platform')
    const parts: ImageParts = {
      layers: platform.layers.map((layer, at) => ({
        mediaType: layer.mediaType,
        blob: { sha256: layer.sha256, size: layer.size, content: () => image.layout.content(layer) },
        diffId: platform.configuration.diffIds[at] ?? layer.sha256
      })),
      configuration: JSON.parse(platform.configBytes.toString('utf8')) as Configuration
    }
    alteration(parts)
    const { layers, configuration } = parts
    const config = documentBlob({
      ...configuration,
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => `sha256:${diffId}`) }
    })
    const manifest = documentBlob({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorJson(mediaTypes.config, config),
      layers: layers.map(({ mediaType, blob }) => descriptorJson(mediaType, blob))
    })
    await rm(to, { force: true })
    const blobs = [config, manifest, ...layers.map(({ blob }) => blob)]
    await writeLayout(
      to,
      descriptorJson(mediaTypes.manifest, manifest, platform.platform),
      blobs,
      1_700_000_000
    )
  } finally {
    await image.layout.close()
  }
}

/** A layer of one tar, packed by gzip as the tars say; several are several members, one behind the other. */
export function layerOf(tar: Buffer, ...more: Buffer[]): Part {
  const packed = Buffer.concat([tar, ...more].map((each) => gzipSync(each)))
  const hash = (bytes: Buffer): Sha256 => sha256(createHash('sha256').update(bytes).digest('hex'))
  return {
    mediaType: mediaTypes.layerGzip,
    blob: { sha256: hash(packed), size: packed.length, content: () => [packed] },
    diffId: hash(Buffer.concat([tar, ...more]))
  }
}

/** Puts a layer on top, with a line of the history like the last one that made a layer. */
export function addLayer({ layers, configuration }: ImageParts, layer: Part): void {
  layers.push(layer)
  const { history } = configuration
  const at = history.findLastIndex(({ empty_layer: empty }) => empty !== true)
  history.splice(at + 1, 0, { ...history[at] })
}

/** Puts a layer in the place of another. */
export function replaceLayer({ layers }: ImageParts, at: number, layer: Part): void {
  layers.splice(at, 1, layer)
}
