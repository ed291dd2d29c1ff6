import { z } from 'zod'
import type { BlobDescriptor, ImageLock } from '../../documents/lock.ts'
import { platformName, type Descriptor } from '../../formats/oci/descriptor.ts'
import { readConfig, readIndex, readManifest } from '../../formats/oci/documents.ts'
import { TagproofError } from '../../platform/errors.ts'
import { printable } from '../../platform/printable.ts'
import type { RegistryDocument } from '../../platform/registry/registry.ts'

/** Gives documents by digest, checked against it. */
export interface Documents {
  manifest(digest: string): Promise<RegistryDocument | null>
  blob(digest: string, maximumBytes: number): Promise<Buffer | null>
}

/** Manifests by platform; a single manifest tells its platform only in its configuration. */
export type Candidates =
  { kind: 'index'; entries: Descriptor[] } | { kind: 'manifest'; document: RegistryDocument }

const largestConfig = 4 * 2 ** 20
/** No layer of an honest base is larger, and no store should be filled by one. */
const largestLayer = 32 * 2 ** 30

export function platformsIn(
  kind: 'index' | 'manifest',
  document: RegistryDocument,
  reference: string
): Candidates {
  if (kind === 'manifest') return { kind, document }
  return { kind, entries: usable(reference, () => readIndex(document.bytes, 'index')) }
}

/**
 * Locks one platform: its manifest, its configuration and its layers.
 *
 * @throws TagproofError `lock-unresolvable`, `hash-mismatch`
 */
export async function lockPlatform(
  platform: string,
  candidates: Candidates,
  documents: Documents,
  reference: string
): Promise<ImageLock['platforms'][string]> {
  const document =
    candidates.kind === 'manifest'
      ? candidates.document
      : await manifestFor(platform, candidates.entries, documents, reference)
  const { config, layers } = usable(reference, () => readManifest(document.bytes, 'manifest'))
  const configBytes = await documents.blob(`sha256:${config.sha256}`, largestConfig)
  if (configBytes === null) throw absent(reference, `the configuration sha256:${config.sha256}`)
  if (configBytes.length !== config.size)
    throw otherSize(reference, 'configuration', configBytes.length, config.size)
  const read = usable(reference, () => readConfig(configBytes, layers.length, 'config'))
  const own = platformName(read.platform)
  if (!names(platform).includes(own)) throw wrongPlatform(reference, platform, [own])
  refuseTriggers(reference, read.raw)
  if (layers.length === 0) throw unusable(reference, 'it has no layers')
  const largest = layers.find(({ size }) => size > largestLayer)
  if (largest !== undefined) throw unusable(reference, `one of its layers has ${largest.size} bytes`)
  return {
    manifest: { mediaType: document.mediaType, digest: document.digest, size: document.bytes.length },
    config: blobOf(config),
    layers: layers.map(blobOf)
  }
}

async function manifestFor(
  platform: string,
  entries: readonly Descriptor[],
  documents: Documents,
  reference: string
): Promise<RegistryDocument> {
  const wanted = names(platform)
  const fitting = wanted.flatMap((name) =>
    entries.filter((entry) => entry.platform !== null && platformName(entry.platform) === name)
  )
  const [entry] = fitting
  if (entry === undefined) {
    const known = entries.flatMap((one) => (one.platform === null ? [] : [platformName(one.platform)]))
    throw wrongPlatform(
      reference,
      platform,
      known.filter((name) => name !== 'unknown/unknown')
    )
  }
  const digest = `sha256:${entry.sha256}`
  const document = await documents.manifest(digest)
  if (document === null) throw absent(reference, `the manifest ${digest} of its index`)
  if (document.bytes.length !== entry.size)
    throw otherSize(reference, 'manifest', document.bytes.length, entry.size)
  return document
}

/** Names of one platform, the best first: the variant of arm64 and of amd64 is v8 and v1, written or not. */
function names(platform: string): string[] {
  const usual: Readonly<Record<string, string>> = { 'linux/arm64': 'v8', 'linux/amd64': 'v1' }
  const variant = usual[platform]
  // Early images for arm/v7 leave the variant out of their configuration.
  if (platform === 'linux/arm/v7') return [platform, 'linux/arm']
  return variant === undefined ? [platform] : [platform, `${platform}/${variant}`]
}

function blobOf({ mediaType, sha256, size }: Descriptor): BlobDescriptor {
  return { mediaType, digest: `sha256:${sha256}`, size }
}

const triggers = z.object({
  config: z.object({ OnBuild: z.array(z.string()).nullish() }).nullish()
})

/** Such steps run in each build that begins with the image, and stand in no Dockerfile that is reviewed. */
function refuseTriggers(reference: string, raw: unknown): void {
  const found = triggers.safeParse(raw)
  if (!found.success) throw unusable(reference, 'its configuration has an OnBuild that is no list of texts')
  const [first] = found.data.config?.OnBuild ?? []
  if (first === undefined) return
  throw new TagproofError('lock-unresolvable', `The base ${reference} has steps of its own (ONBUILD).`, {
    found: printable(first).slice(0, 300),
    expected: 'a base whose builds run what the Dockerfile says, and no more',
    fix: 'Use the variant of the image without ONBUILD, and write its steps into the Dockerfile.'
  })
}

/** What the strict readers refuse, with the name of the image. */
function usable<Value>(reference: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof TagproofError) || error.code !== 'archive-invalid') throw error
    throw unusable(reference, error.message, error)
  }
}

function unusable(reference: string, problem: string, cause?: unknown): TagproofError {
  return new TagproofError('lock-unresolvable', `The image ${reference} cannot be used: ${problem}`, {
    fix: 'Choose another base image, or have this one made again with a current builder.',
    ...(cause === undefined ? {} : { cause })
  })
}

function absent(reference: string, what: string): TagproofError {
  return new TagproofError(
    'lock-unresolvable',
    `The image ${reference} is not whole: ${what} is not there.`,
    {
      fix: 'Whoever keeps the registry or layout has to push the image again.'
    }
  )
}

function otherSize(reference: string, what: string, found: number, expected: number): TagproofError {
  return new TagproofError(
    'hash-mismatch',
    `The ${what} of ${reference} has another size than is said of it.`,
    {
      found: `${found} bytes`,
      expected: `${expected} bytes`
    }
  )
}

function wrongPlatform(reference: string, platform: string, found: readonly string[]): TagproofError {
  return new TagproofError('lock-unresolvable', `The image ${reference} is not there for ${platform}.`, {
    found: found.length === 0 ? 'no platform' : [...new Set(found)].slice(0, 20).join(', '),
    expected: platform,
    fix: 'Choose a base that has this platform, or correct `platforms:` of the target.'
  })
}
