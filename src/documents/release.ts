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
  /** SHA-256 of each world's artifact with the originals put back. */
  built: z.strictObject({ a: sha256Field, b: sha256Field }),
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
  verdict: z.enum(['proven', 'refused']),
  /** SHA-256 of `proof.json`. */
  proof: sha256Field,
  /** SHA-256 of `try.json`; null where the packages were not tried. */
  try: sha256Field.nullable(),
  artifacts: z.array(releaseArtifactField)
})

/** `release.json`: what is published, and under which hashes. */
export type Release = z.output<typeof releaseSchema>
