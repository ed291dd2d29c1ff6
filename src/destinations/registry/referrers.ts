import { digestOf, readManifest } from '../../platform/registry/reading.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import { TagproofError } from '../../platform/errors.ts'
import { mediaTypes } from '../../formats/oci/media-types.ts'
import { pushDocument, type PushContext } from './push-document.ts'

/** An entry of an index of what refers to an image (distribution specification 1.1, "Listing Referrers"). */
export interface ReferrerEntry {
  mediaType: string
  digest: string
  size: number
  artifactType?: string
  annotations?: Record<string, string>
}

const largestList = 4 * 2 ** 20
const mostRaces = 5

/** The tag that stands in for the list at a registry that keeps none ("Referrers Tag Schema"). */
export function referrersTag(subject: string): string {
  return subject.replace(':', '-')
}

/**
 * What refers to an image, as the registry's own list has it; null for a registry that keeps no such list.
 *
 * @throws TagproofError `index-answer`, `network`
 */
export async function listReferrers(
  session: RegistrySession,
  subject: string
): Promise<ReferrerEntry[] | null> {
  const answer = await session.read({
    url: session.url('referrers', subject),
    headers: { accept: mediaTypes.index },
    accept: [400, 403, 404, 405],
    maximumBytes: largestList
  })
  return answer.status === 200 ? entriesOf(answer.body) : null
}

/** What refers to an image, wherever it is written down. */
export async function referrersOf(session: RegistrySession, subject: string): Promise<ReferrerEntry[]> {
  const listed = await listReferrers(session, subject)
  if (listed !== null && listed.length > 0) return listed
  const tagged = await readManifest(session, referrersTag(subject))
  return (tagged === null || tagged.digest === subject ? null : entriesOf(tagged.bytes)) ?? []
}

/** Null for what is no index: some registries answer with a page, or with the image itself. */
function entriesOf(bytes: Buffer): ReferrerEntry[] | null {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as { manifests?: unknown } | null
    return Array.isArray(value?.manifests) ? (value.manifests as ReferrerEntry[]) : null
  } catch {
    return null
  }
}

/**
 * Writes an entry into the index under the fallback tag, beside those that others have written: read, changed, written
 * back where nobody was faster, and read again.
 *
 * @throws TagproofError `upload-refused` where others keep writing, or for a registry that gives such tags another meaning
 */
export async function addToTag(subject: string, entry: ReferrerEntry, context: PushContext): Promise<void> {
  const { session } = context
  const reference = referrersTag(subject)
  for (let race = 0; race < mostRaces; race += 1) {
    const found = await readManifest(session, reference)
    const entries = found === null ? [] : entriesOf(found.bytes)
    if (entries === null || found?.digest === subject) throw unusable(session, reference, found?.digest ?? '')
    if (entries.some(({ digest }) => digest === entry.digest)) return
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...entries, entry] })
    )
    const digest = digestOf(bytes)
    await pushDocument({ bytes, mediaType: mediaTypes.index, digest, reference }, found, context)
  }
  throw new TagproofError('upload-refused', `Others keep writing to ${session.address}:${reference}.`, {
    fix: 'Run the same job again when they have ended.'
  })
}

function unusable({ address }: RegistrySession, tag: string, found: string): TagproofError {
  return new TagproofError('upload-refused', `${address} has no list of evidence under ${tag}.`, {
    found,
    expected: 'an index, or no such tag',
    fix: 'The registry gives this tag another meaning, so evidence cannot be attached: leave evidence out for it.'
  })
}
