/** What the media types of OCI (image-spec 1.1) and Docker (schema 2) stand for here. */
export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip'
} as const

export const indexTypes: readonly string[] = [
  mediaTypes.index,
  'application/vnd.docker.distribution.manifest.list.v2+json'
]
export const manifestTypes: readonly string[] = [
  mediaTypes.manifest,
  'application/vnd.docker.distribution.manifest.v2+json'
]
export const configTypes: readonly string[] = [
  mediaTypes.config,
  'application/vnd.docker.container.image.v1+json'
]

export type LayerCompression = 'none' | 'gzip' | 'zstd'

const layerTypes: Readonly<Record<string, LayerCompression>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  [mediaTypes.layerGzip]: 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd'
}

/** How a layer of this media type is packed; undefined for a type that is not read. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  return Object.hasOwn(layerTypes, mediaType) ? layerTypes[mediaType] : undefined
}

/** Layers that are not part of the image but fetched from somewhere else when it is pulled. */
export function isForeignLayer(mediaType: string): boolean {
  return /\.(nondistributable|foreign)\./.test(mediaType)
}
