import type { ImageLock } from '../../documents/lock.ts'
import { platformField } from '../../documents/target-settings.ts'
import { indexTypes, manifestTypes } from '../../formats/oci/media-types.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { machinePlatform, normalPlatform } from '../../platform/registry/platform.ts'
import { withoutDigest, type ImageReference } from '../../platform/registry/reference.ts'
import { lockPlatform, platformsIn, type Documents } from './image-documents.ts'
import {
  openImageSources,
  requireDigest,
  requireReference,
  type ImageSources,
  type ImageSourcesOptions
} from './image-source.ts'
import { lockedImage } from './locked-image.ts'

/** An image that a build begins with or copies from. */
export interface WantedImage {
  /** As it stands in a Dockerfile, after its ARGs have their values. */
  reference: string
  /** Empty for that of this machine. */
  platforms: readonly string[]
}

export interface LockImagesOptions extends ImageSourcesOptions {
  /** Images of the committed lock: what it names is kept. Empty to take what tags lead to today. */
  previous: Readonly<Record<string, ImageLock>>
  log: Log
}

/**
 * Resolves references to digests: that of the index, and for each platform manifest, configuration and layers. A reference
 * with a digest leads to just that. Layouts are asked first, then the registry of the reference.
 *
 * @throws TagproofError `lock-unresolvable` (no such image or platform, a base with ONBUILD, a foreign layer),
 *   `hash-mismatch`, `config-invalid`, `network`, `index-answer`
 */
export async function lockImages(
  wanted: readonly WantedImage[],
  options: LockImagesOptions
): Promise<Record<string, ImageLock>> {
  const locked: Record<string, ImageLock> = {}
  let sources: ImageSources | undefined
  for (const [text, platforms] of merged(wanted)) {
    const reference = requireReference(text)
    const kept = lockedImage(options.previous, text)
    const missing = [...platforms].filter((platform) => kept?.platforms[platform] === undefined)
    if (kept !== undefined && missing.length === 0) {
      locked[text] = only(kept, platforms)
      continue
    }
    const progress = options.log.begin(`lock: image ${text}`)
    try {
      sources ??= await openImageSources(options)
      // What is locked already stays: a platform that is added comes from the same index.
      const image = await lockImage(reference, kept?.digest ?? reference.digest, [...platforms], sources)
      locked[text] = image
      progress.done(`${image.digest.slice(0, 19)}…, ${Object.keys(image.platforms).join(', ')}`)
    } catch (error) {
      progress.failed()
      throw error
    }
  }
  return locked
}

function merged(wanted: readonly WantedImage[]): [string, Set<string>][] {
  const all = new Map<string, Set<string>>()
  for (const { reference, platforms } of wanted) {
    const known = all.get(reference) ?? new Set()
    for (const platform of platforms.length === 0 ? [machinePlatform()] : platforms)
      known.add(usablePlatform(platform, reference))
    all.set(reference, known)
  }
  return [...all].sort(([one], [other]) => (one < other ? -1 : 1))
}

function usablePlatform(platform: string, reference: string): string {
  const normal = normalPlatform(platform)
  if (platformField.safeParse(normal).success) return normal
  throw new TagproofError(
    'lock-unresolvable',
    `${reference} is wanted for a platform that cannot be locked.`,
    {
      found: platform.slice(0, 100),
      expected: 'a platform such as linux/amd64',
      fix: 'Correct --platform of its FROM, or `platforms:` of the target.'
    }
  )
}

function only(image: ImageLock, platforms: ReadonlySet<string>): ImageLock {
  return {
    digest: image.digest,
    platforms: Object.fromEntries(Object.entries(image.platforms).filter(([name]) => platforms.has(name)))
  }
}

async function lockImage(
  reference: ImageReference,
  wantedDigest: string | null,
  platforms: readonly string[],
  sources: ImageSources
): Promise<ImageLock> {
  const documents = documentsOf(reference, sources)
  const digest = wantedDigest ?? (await sources.layouts?.resolve(reference)) ?? null
  const top = digest === null ? await byTag(reference, sources) : await documents.manifest(digest)
  if (top === null) throw notFound(reference)
  const kind = indexTypes.includes(top.mediaType)
    ? 'index'
    : manifestTypes.includes(top.mediaType)
      ? 'manifest'
      : null
  if (kind === null)
    throw new TagproofError('lock-unresolvable', `${reference.text} is no image that can be locked.`, {
      found: top.mediaType === '' ? 'no media type' : top.mediaType.slice(0, 200),
      expected: 'an image index or manifest of OCI or Docker (schema 2)'
    })
  const candidates = platformsIn(kind, top, reference.text)
  const locked: ImageLock['platforms'] = {}
  for (const platform of platforms)
    locked[platform] = await lockPlatform(platform, candidates, documents, reference.text)
  return { digest: top.digest, platforms: locked }
}

async function byTag(reference: ImageReference, sources: ImageSources): ReturnType<Documents['manifest']> {
  const registry = await sources.registry(reference)
  const found = await registry.manifest(reference.tag ?? 'latest')
  return found === null ? null : { ...found, mediaType: typeOf(found.bytes, found.mediaType) }
}

/** Documents by digest: of a layout if one has them, else of the registry. */
function documentsOf(reference: ImageReference, sources: ImageSources): Documents {
  const { layouts } = sources
  return {
    async manifest(digest) {
      const kept = (await layouts?.blob(digest, largestManifest)) ?? null
      if (kept !== null) {
        const bytes = requireDigest(kept, digest, 'A layout of sources.layouts')
        return { bytes, digest, mediaType: typeOf(bytes, '') }
      }
      const found = await (await sources.registry(reference)).manifest(digest)
      return found === null ? null : { ...found, mediaType: typeOf(found.bytes, found.mediaType) }
    },
    async blob(digest, maximumBytes) {
      const kept = (await layouts?.blob(digest, maximumBytes)) ?? null
      if (kept !== null) return requireDigest(kept, digest, 'A layout of sources.layouts')
      return (await sources.registry(reference)).blob(digest, maximumBytes)
    }
  }
}

const largestManifest = 4 * 2 ** 20

/**
 * The document says what it is, else the server does. A document that says one thing while the server says another could
 * be read in two ways (GHSA-mc8v-mgrf-8f4m).
 */
function typeOf(bytes: Buffer, header: string): string {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return header
  }
  const { mediaType, manifests, layers } = (value ?? {}) as Record<string, unknown>
  if (manifests !== undefined && layers !== undefined) return 'a document that is both index and manifest'
  if (typeof mediaType === 'string') {
    const known = [...indexTypes, ...manifestTypes].includes(header)
    return known && header !== mediaType ? `${mediaType}, sent as ${header}` : mediaType
  }
  if ([...indexTypes, ...manifestTypes].includes(header)) return header
  // The field is optional in OCI; a layout has no header.
  if (manifests !== undefined) return indexTypes[0] ?? ''
  return layers === undefined ? header : (manifestTypes[0] ?? '')
}

function notFound(reference: ImageReference): TagproofError {
  return new TagproofError('lock-unresolvable', `There is no image ${reference.text}.`, {
    ...(reference.digest === null
      ? {}
      : { found: `nothing with this digest; ${withoutDigest(reference)} may have other ones` }),
    fix: 'Correct the reference, or the address under sources.registries.'
  })
}
