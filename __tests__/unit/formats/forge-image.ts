import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { tarFolder, tarMember, tarOf } from './forge.ts'

/** Images as an attacker would make them: honest by default, wrong where the caller says. */
export interface ForgedImage {
  /** Uncompressed tars, from the bottom up. */
  layers?: readonly Buffer[]
  /** Other blobs than the packed tars. */
  packed?: readonly Buffer[]
  /** Changes of the documents, before their digests are taken; a text takes the place of the whole. */
  config?: (config: ForgedConfig) => unknown
  manifest?: (manifest: ForgedManifest) => unknown
  index?: (index: ForgedIndex) => unknown
  layout?: string
  /** Members of the tar, after all else: with the name of a blob it takes its place. */
  members?: readonly (readonly [string, Buffer])[]
  /** Names that are left out. */
  without?: readonly RegExp[]
  /** Bytes behind the members. */
  more?: Buffer
}

export interface ForgedDescriptor {
  mediaType: string
  digest: string
  size: number
}

export interface ForgedConfig {
  architecture: string
  os: string
  config: Record<string, unknown>
  rootfs: { type: string; diff_ids: string[] }
  history: object[]
}

export interface ForgedManifest {
  schemaVersion: number
  mediaType: string
  config: ForgedDescriptor
  layers: ForgedDescriptor[]
}

export interface ForgedIndex {
  schemaVersion: number
  mediaType: string
  manifests: ForgedDescriptor[]
}

export const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip'
export const manifestType = 'application/vnd.oci.image.manifest.v1+json'
export const configType = 'application/vnd.oci.image.config.v1+json'
export const indexType = 'application/vnd.oci.image.index.v1+json'

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export function descriptorOf(mediaType: string, bytes: Buffer): ForgedDescriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}

/** A layer with one file in a folder. */
export function layerWith(name: string, content = `${name}\n`): Buffer {
  const parts = name.split('/').slice(0, -1)
  const folders = parts.map((_, at) => tarFolder(parts.slice(0, at + 1).join('/')))
  return tarOf(...folders, tarMember(name, content))
}

function documentOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}

export function forgeImage(image: ForgedImage = {}): Buffer {
  const layers = image.layers ?? [layerWith('etc/one'), layerWith('etc/two')]
  const packed = image.packed ?? layers.map((layer) => gzipSync(layer))
  const same = (value: unknown): unknown => value
  const config = documentOf(
    (image.config ?? same)({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['/bin/true'], Labels: { 'org.opencontainers.image.version': '1.0' } },
      rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
      history: layers.map(() => ({ created_by: 'test' }))
    })
  )
  const manifest = documentOf(
    (image.manifest ?? same)({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptorOf(configType, config),
      layers: packed.map((blob) => descriptorOf(layerType, blob))
    })
  )
  const index = documentOf(
    (image.index ?? same)({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [descriptorOf(manifestType, manifest)]
    })
  )
  const members = new Map<string, Buffer>([
    ['oci-layout', Buffer.from(image.layout ?? '{"imageLayoutVersion":"1.0.0"}')],
    ['index.json', index],
    ...[config, manifest, ...packed].map((blob): [string, Buffer] => [blobName(blob), blob]),
    ...(image.members ?? [])
  ])
  const kept = [...members].filter(([name]) => !(image.without ?? []).some((form) => form.test(name)))
  return tarOf(...kept.map(([name, bytes]) => tarMember(name, bytes)), image.more ?? Buffer.alloc(0))
}

export function blobName(blob: Buffer): string {
  return `blobs/sha256/${digestOf(blob).slice(7)}`
}
