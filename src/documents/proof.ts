import { z } from 'zod'
import { releaseArtifactField } from './release.ts'
import {
  originField,
  sha256Field,
  tagField,
  toolField,
  variationField,
  versionField,
  worldField
} from './fields.ts'

export const findingField = z.strictObject({
  check: z.enum(['source', 'reproduced', 'traced', 'uninfluenced', 'container', 'complete', 'policy', 'try']),
  code: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  severity: z.enum(['refuse', 'warn', 'note']),
  /** File name of the artifact, or null where the finding is about the release. */
  artifact: z.string().nullable(),
  /** Path of the member inside the artifact, or null. */
  member: z.string().nullable(),
  message: z.string().max(4000),
  cause: z.string().max(4000).nullable(),
  fix: z.string().max(2000).nullable(),
  /** Reason of the waiver that turned a refusal into a note, or null. */
  waiver: z.string().nullable()
})
/** One thing that a check says. */
export type Finding = z.output<typeof findingField>

export const proofSchema = z.strictObject({
  schema: z.literal('tagproof/proof/1'),
  tag: tagField,
  version: versionField,
  /** `traced`: nothing refuses it, and a wheel of it was compared with nothing. */
  verdict: z.enum(['proven', 'traced', 'refused']),
  findings: z.array(findingField),
  /** What would be published: empty where it is refused. */
  artifacts: z.array(releaseArtifactField),
  variations: z.array(
    z.strictObject({ target: z.string(), world: worldField, variations: z.array(variationField) })
  ),
  /** Where config and lock came from; whether separation of jobs was given up. */
  trust: z.strictObject({
    config: originField,
    lock: originField,
    singleJob: z.boolean(),
    /** Left out where the configuration adopts nothing; `missing`: it does, and no set was given. */
    adopted: z.enum(['missing', 'one-set', 'two-sets']).optional()
  }),
  plan: sha256Field,
  /** SHA-256 of `brief.json`. */
  brief: sha256Field,
  /** SHA-256 of `uploads.json`; null where nothing is proven. */
  uploads: sha256Field.nullable(),
  tools: z.array(toolField)
})

/** `proof.json`: all findings of one release, and the verdict. */
export type Proof = z.output<typeof proofSchema>
