/** An image as it is pushed: its parts, and what it is to be called. */

/** A part of an image: where its bytes lie in the tar. */
export interface ImageBlob {
  role: 'layer' | 'config' | 'manifest' | 'index'
  /** `sha256:…` */
  digest: string
  mediaType: string
  /** Bytes. */
  size: number
  /** Of its first byte in the tar. */
  offset: number
}

/** As `uploads.json` describes it. */
export interface PackedImage {
  /** File name of the tar. */
  name: string
  version: string | null
  root: { digest: string; mediaType: string; size: number }
  /** Each once, in the order in which they are to be sent: layers, configurations, manifests, index. */
  blobs: readonly ImageBlob[]
}

/** A tag that moves from release to release. */
export interface MovingTag {
  tag: string
  /** What it was made from, which tells its series: `{series}` is `2.11` for 2.11.4, and never for 3.0. */
  template: string
}

/** An image, and where it goes. */
export interface PushedImage {
  image: PackedImage
  /** The tar. */
  file: string
  /** Path in the registry, without its host. */
  repository: string
  /** Tags that never change. */
  tags: readonly string[]
  moving: readonly MovingTag[]
}

/** Manifests and index: what other documents point at. */
export function isDocument({ role }: Pick<ImageBlob, 'role'>): boolean {
  return role === 'manifest' || role === 'index'
}

/** Distribution specification 1.1, "Pulling manifests". */
export function isTag(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(text)
}

/** Names of one tag among those of several repositories. */
export function tagName({ repository }: Pick<PushedImage, 'repository'>, tag: string): string {
  return `${repository}:${tag}`
}
