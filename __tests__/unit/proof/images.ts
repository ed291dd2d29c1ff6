import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { sha256 as asSha256 } from '../../../src/documents/identifiers.ts'
import {
  descriptorJson,
  documentBlob,
  writeLayout,
  type Blob
} from '../../../src/formats/oci/layout-writer.ts'
import { mediaTypes } from '../../../src/formats/oci/media-types.ts'
import { tarChecksum, tarEnd, tarHeader, tarPadding } from '../../../src/formats/tar/writer.ts'
import { epoch, type Files } from './packages.ts'

export interface LayerForm {
  files: Files
  /** Hard links: path of an earlier file by path. */
  hardlinks?: Record<string, string>
  links?: Record<string, string>
  mtime?: number
  mode?: number
  uid?: number
  reverse?: boolean
  /** Headers in the dialect of GNU tar, which says the same. */
  gnu?: boolean
  /** Of gzip. */
  level?: number
}

export interface ImageForm {
  layers: readonly LayerForm[]
  created?: string
  history?: string
  labels?: Record<string, string>
  /** Of the first layer's descriptor. */
  annotation?: string
  architecture?: string
}

function layerTar({
  files,
  hardlinks = {},
  links = {},
  mtime = epoch,
  mode,
  uid = 0,
  reverse,
  gnu
}: LayerForm): Buffer {
  const entries = Object.entries(files)
  if (reverse === true) entries.reverse()
  const common = { mtime, uid, gid: 0 }
  return Buffer.concat([
    ...entries.flatMap(([path, content]) => {
      const bytes = Buffer.from(content)
      const fields = { path, kind: 'file' as const, mode: mode ?? 0o644, size: bytes.length, ...common }
      const header = tarHeader(fields)
      return [gnu === true ? inGnuDialect(header) : header, bytes, tarPadding(bytes.length)]
    }),
    ...Object.entries(hardlinks).map(([path, linkTarget]) =>
      tarHeader({ path, kind: 'hardlink', mode: mode ?? 0o644, size: 0, linkTarget, ...common })
    ),
    ...Object.entries(links).map(([path, linkTarget]) =>
      tarHeader({ path, kind: 'symlink', mode: 0o777, size: 0, linkTarget, ...common })
    ),
    tarEnd
  ])
}

function inGnuDialect(header: Buffer): Buffer {
  header.write('ustar  \0', 257, 'latin1')
  header.write(`${tarChecksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

function blobOf(bytes: Buffer): Blob {
  const sha256 = asSha256(createHash('sha256').update(bytes).digest('hex'))
  return { sha256, size: bytes.length, content: () => [bytes] }
}

function packed(layer: LayerForm): { tar: Buffer; blob: Blob } {
  const tar = layerTar(layer)
  return { tar, blob: blobOf(gzipSync(tar, { level: layer.level ?? 6 })) }
}

/** Digest of the packed layer, `sha256:…`. */
export function layerDigest(layer: LayerForm): string {
  return `sha256:${packed(layer).blob.sha256}`
}

function platformImage(form: ImageForm): { manifest: Blob; blobs: Blob[] } {
  const layers = form.layers.map(packed)
  const config = documentBlob({
    created: form.created ?? '2023-11-14T22:13:20Z',
    architecture: form.architecture ?? 'amd64',
    os: 'linux',
    config: { Labels: { 'org.opencontainers.image.version': '1.0', ...form.labels } },
    rootfs: {
      type: 'layers',
      diff_ids: layers.map(({ tar }) => `sha256:${createHash('sha256').update(tar).digest('hex')}`)
    },
    history: layers.map(() => ({ created_by: form.history ?? 'COPY . /' }))
  })
  const manifest = documentBlob({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptorJson(mediaTypes.config, config),
    layers: layers.map(({ blob }, index) => ({
      ...descriptorJson(mediaTypes.layerGzip, blob),
      ...(index === 0 && form.annotation !== undefined ? { annotations: { note: form.annotation } } : {})
    }))
  })
  return { manifest, blobs: [manifest, config, ...layers.map(({ blob }) => blob)] }
}

/** An image of one platform, or of several with an index. */
export async function writeImage(file: string, ...platforms: readonly ImageForm[]): Promise<void> {
  const images = platforms.map((form) => ({ form, ...platformImage(form) }))
  const blobs = images.flatMap((image) => image.blobs)
  const [only] = images
  if (only === undefined) throw new RangeError('an image has a platform')
  if (images.length === 1)
    return writeLayout(file, descriptorJson(mediaTypes.manifest, only.manifest), blobs, epoch)
  const index = documentBlob({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: images.map(({ form, manifest }) =>
      descriptorJson(mediaTypes.manifest, manifest, {
        os: 'linux',
        architecture: form.architecture ?? 'amd64',
        variant: ''
      })
    )
  })
  return writeLayout(file, descriptorJson(mediaTypes.index, index), [index, ...blobs], epoch)
}
