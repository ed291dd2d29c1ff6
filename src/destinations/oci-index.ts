import { z } from 'zod'
import { TagproofError } from '../platform/errors.ts'

/** Annotation that names an entry of a layout's index (image-spec, "Pre-Defined Annotation Keys"). */
const refName = 'org.opencontainers.image.ref.name'

const descriptorField = z.looseObject({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.int().min(0),
  annotations: z.record(z.string(), z.string()).optional()
})
const indexField = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(descriptorField) })
export type IndexEntry = z.output<typeof descriptorField>

/** Entries of `index.json` by their name; those without one are not ours and not lost. */
export interface LayoutIndex {
  named: Map<string, IndexEntry>
  others: IndexEntry[]
}

/**
 * Reads the index of a layout that is there already.
 *
 * @throws TagproofError `document-invalid`
 */
export function readLayoutIndex(text: string, file: string): LayoutIndex {
  const parsed = indexField.safeParse(parseJson(text))
  if (!parsed.success)
    throw new TagproofError('document-invalid', 'The index of the layout cannot be read.', {
      where: file,
      fix: 'Another program wrote it; move the folder away, or repair it.',
      cause: parsed.error
    })
  const named = new Map<string, IndexEntry>()
  const others: IndexEntry[] = []
  for (const entry of parsed.data.manifests) {
    const name = entry.annotations?.[refName]
    if (name === undefined) others.push(entry)
    else named.set(name, entry)
  }
  return { named, others }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `index.json`: entries by name, each with its name as annotation. */
export function layoutIndexText({ named, others }: LayoutIndex): string {
  const entries = [...named].sort(([one], [other]) => (one < other ? -1 : 1))
  const manifests = entries.map(([name, { mediaType, digest, size, annotations, ...rest }]) => ({
    mediaType,
    digest,
    size,
    ...rest,
    annotations: { ...annotations, [refName]: name }
  }))
  const all = [...manifests, ...others]
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: all
  })
}

/** One image as `manifest.json` names it, for `docker load`. */
export interface LoadedImage {
  Config: string
  RepoTags: string[]
  Layers: string[]
}

const loadedField = z.array(
  z.object({ Config: z.string(), RepoTags: z.array(z.string()), Layers: z.array(z.string()) })
)

/** `manifest.json` with one more image; what had its name before is dropped. */
export function manifestJson(before: string | undefined, image: LoadedImage): string {
  const parsed = loadedField.safeParse(parseJson(before ?? '[]'))
  const kept = (parsed.data ?? []).filter(({ RepoTags }) => RepoTags[0] !== image.RepoTags[0])
  const all = [...kept, image].sort((one, other) =>
    (one.RepoTags[0] ?? '') < (other.RepoTags[0] ?? '') ? -1 : 1
  )
  return JSON.stringify(all)
}
