import { z } from 'zod'
import {
  artifactKindField,
  epochField,
  fileNameField,
  objectIdField,
  sha256Field,
  sizeField,
  versionField
} from './fields.ts'
import { repositoryField } from './target-settings.ts'

export const releaseArtifactField = z.strictObject({
  target: z.string().min(1),
  kind: artifactKindField,
  name: fileNameField,
  version: z.string().min(1),
  size: sizeField,
  sha256: sha256Field,
  /** SHA-256 over the lines `mode sha256 path\n` of the members, sorted by path. */
  contentDigest: sha256Field,
  packing: z.enum(['backend', 'canonical']),
  /**
   * SHA-256 of each world's artifact with the originals put back; of an adopted wheel, as each set has it in the form
   * that is shipped. `b` is null for a wheel of which there is one set: nothing was compared.
   */
  built: z.strictObject({ a: sha256Field, b: sha256Field.nullable() }),
  /** A wheel that other jobs built, and in how many sets it was; left out for what was built here. */
  adopted: z.strictObject({ sets: z.union([z.literal(1), z.literal(2)]) }).optional(),
  /** Number of members that are files or links. */
  members: sizeField,
  /** How many of them have an origin. */
  traced: sizeField.nullable(),
  /** An image alone: its name in a registry, without a host, and the digest of its manifest, or of the index of several. */
  image: z
    .strictObject({
      repository: repositoryField,
      digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hex digits')
    })
    .optional()
})
/** An artifact as it would be published. */
export type ReleaseArtifact = z.output<typeof releaseArtifactField>

export const releaseSchema = z.strictObject({
  schema: z.literal('tagproof/release/1'),
  tag: z.string().min(1),
  commit: objectIdField,
  tree: objectIdField,
  epoch: epochField,
  version: versionField,
  /** `traced` is weaker than proven: a wheel of it was built once, by another job, and compared with nothing. */
  verdict: z.enum(['proven', 'traced', 'refused']),
  /** SHA-256 of `proof.json`. */
  proof: sha256Field,
  /** SHA-256 of `try.json`; null where the packages were not tried. */
  try: sha256Field.nullable(),
  artifacts: z.array(releaseArtifactField)
})

/** `release.json`: what is published, and under which hashes. */
export type Release = z.output<typeof releaseSchema>
