import type { Generator } from '../generator.ts'

const packedLayer = /(?:^|\/)layers\/\d+\.tar$/

/** A layer of a locked base image, whose bytes are the blob that the lock names. */
export const baseLayer: Generator = {
  name: 'base-layer',
  reason: 'A layer of the base image; the lock names its digest.',
  matches: ({ path, kind }) => kind === 'file' && packedLayer.test(path),
  derive(member, { evidence }) {
    const base = (evidence?.bases ?? []).find(({ layers }) => layers.includes(`sha256:${member.sha256}`))
    return Promise.resolve(
      base === undefined
        ? undefined
        : {
            traced: true,
            origin: 'dependency',
            from: [],
            reason: `A layer of ${base.reference} for ${base.platform}; the lock names its digest.`
          }
    )
  }
}

/** The manifest: configuration and layers by digest, which the reader compares with the blobs. */
export const imageManifest: Generator = {
  name: 'image-manifest',
  reason:
    'The manifest lists the configuration and the layers by digest; the reader has compared each with its blob.',
  matches: ({ path, kind }) => kind === 'file' && /^(?:[a-z0-9-]+\/)?manifest\.json$/.test(path),
  derive(member) {
    const text = member.content?.toString('utf8') ?? ''
    const annotations = annotationsOf(text)
    if (annotations.every((name) => known.test(name))) return Promise.resolve({ traced: true, from: [] })
    return Promise.resolve({
      traced: false,
      code: 'image-config-differs',
      message: `The manifest has the annotation ${annotations
        .filter((name) => !known.test(name))
        .join(', ')
        .slice(0, 500)}.`,
      cause: 'Something else than the builder wrote the manifest, or it was given more annotations.',
      fix: 'Say in labels of the Dockerfile what the image is; leave annotations to the builder.'
    })
  }
}

/** What BuildKit and buildah write by themselves about times and bases. */
const known = /^(buildkit\/rewritten-timestamp|org\.opencontainers\.image\.(created|base\.(name|digest)))$/

function annotationsOf(text: string): string[] {
  const manifest: unknown = JSON.parse(text)
  const lists: unknown[] = [
    manifest,
    ...(isRecord(manifest) && Array.isArray(manifest.layers) ? (manifest.layers as unknown[]) : [])
  ]
  return lists.flatMap((each) =>
    isRecord(each) && isRecord(each.annotations) ? Object.keys(each.annotations) : []
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
