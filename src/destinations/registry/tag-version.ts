import { readBlob, readManifest } from '../../platform/registry/reading.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'

/** Label of an image's configuration that says its version (image-spec, "Pre-Defined Annotation Keys"). */
const versionLabel = 'org.opencontainers.image.version'
const largestConfig = 4 * 2 ** 20

interface Document {
  config?: { digest?: unknown }
  manifests?: { digest?: unknown; platform?: { os?: unknown }; annotations?: Record<string, unknown> }[]
}

/**
 * The version that an image says of itself: the label of its configuration, of an index that of its first platform.
 *
 * @returns null for an image that says none, or cannot be read so far
 * @throws TagproofError `hash-mismatch`, `index-answer`, `network`
 */
export async function versionOf(session: RegistrySession, digest: string): Promise<string | null> {
  const document = parsed((await readManifest(session, digest))?.bytes) as Document | null
  const image =
    document !== null && Array.isArray(document.manifests)
      ? (parsed((await platformManifest(session, document.manifests))?.bytes) as Document | null)
      : document
  const config = image?.config?.digest
  if (!isDigest(config)) return null
  const configuration = parsed(await readBlob(session, config, largestConfig)) as {
    config?: { Labels?: Record<string, unknown> | null }
  } | null
  const label = configuration?.config?.Labels?.[versionLabel]
  return typeof label === 'string' && label !== '' ? label : null
}

/** The first one for a machine: attestations of a builder lie in an index too. */
async function platformManifest(
  session: RegistrySession,
  manifests: NonNullable<Document['manifests']>
): Promise<{ bytes: Buffer } | null> {
  const first = manifests.find(
    ({ platform, annotations }) =>
      platform?.os !== 'unknown' && annotations?.['vnd.docker.reference.type'] === undefined
  )
  return isDigest(first?.digest) ? readManifest(session, first.digest) : null
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)
}

function parsed(bytes: Buffer | null | undefined): unknown {
  try {
    const value: unknown = bytes === undefined || bytes === null ? null : JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
