import type { Finding } from '../documents/proof.ts'
import type { Archive } from '../formats/archive.ts'

/** A base image that an image may stand on, for one platform. */
export interface BaseImage {
  /** As the Dockerfile or the configuration names it. */
  reference: string
  /** Such as `linux/amd64`. */
  platform: string
  /** Digests of its layers from the bottom up, `sha256:…`. */
  layers: readonly string[]
}

/** Layers of any of them. */
export function layersOf(bases: readonly BaseImage[]): Set<string> {
  return new Set(bases.flatMap(({ layers }) => layers))
}

/**
 * Whether all layers of one base come first in the image, unchanged and in order, for each platform; and no layer of a
 * base stands anywhere else. Without a base no layer may be one.
 */
export function baseFindings(image: Archive, artifact: string, bases: readonly BaseImage[]): Finding[] {
  return platformsOf(image).flatMap(({ name, layers }) => {
    const fitting =
      name === null ? bases : bases.filter(({ platform }) => platform.replaceAll('/', '-') === name)
    const grounds = bases.length === 0 ? [{ layers: [] }] : fitting
    const stands = grounds.some(
      (base) =>
        base.layers.every((layer, at) => layers[at] === layer) &&
        !layers.slice(base.layers.length).some(known)
    )
    return stands ? [] : [baseChanged(artifact, name, fitting)]
  })
}

function known(layer: string | null): boolean {
  return layer !== null
}

/** By platform: the digest of each layer that is one of a base, null for all others. */
function platformsOf({ members }: Archive): { name: string | null; layers: (string | null)[] }[] {
  const found = new Map<string | null, (string | null)[]>()
  for (const { path, sha256 } of members) {
    const [, platform, index, tar, inside] =
      /^(?:([^/]+)\/)?layers\/([0-9]+)(?:(\.tar)|(\/.*))$/.exec(path) ?? []
    if (index === undefined || (tar === undefined && inside === undefined)) continue
    const layers = found.get(platform ?? null) ?? []
    layers[Number(index)] ??= tar === undefined ? null : `sha256:${sha256}`
    found.set(platform ?? null, layers)
  }
  return [...found].map(([name, layers]) => ({ name, layers: Array.from(layers, (layer) => layer ?? null) }))
}

function baseChanged(artifact: string, platform: string | null, bases: readonly BaseImage[]): Finding {
  const names = [...new Set(bases.map(({ reference }) => reference))].join(', ')
  const where = platform === null ? '' : ` for ${platform}`
  return {
    check: 'reproduced',
    code: 'base-changed',
    severity: 'refuse',
    artifact,
    member: null,
    message: `The image${where} does not begin with all layers of a locked base, unchanged and in order (${names === '' ? 'none is locked for this platform' : names}).`,
    cause:
      'The builder wrote layers of the base anew, squashed them, or took another base than the lock names.',
    fix: 'Build without squashing; name in FROM a base that the lock has, and run tagproof lock after changing it.',
    waiver: null
  }
}
