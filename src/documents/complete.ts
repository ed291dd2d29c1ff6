import { z } from 'zod'
import { artifactKindField, fileNameField, objectIdField, relativePathField, sha256Field } from './fields.ts'

const memberListField = z.strictObject({
  kind: artifactKindField,
  name: fileNameField,
  /** Paths of files and links, as they stand in the artifact. */
  members: z.array(z.string().min(1).max(4096)).max(500_000)
})

const comparedTargetField = z.strictObject({
  name: z.string().min(1),
  /** Empty where the build failed. */
  lists: z.array(memberListField),
  /** Paths of the export that the build read; null where that is unknown. */
  reads: z.array(relativePathField).nullable(),
  /** Code and sentence of the error, where there was no build. */
  failure: z.string().max(1000).nullable()
})
export type ComparedTarget = z.output<typeof comparedTargetField>

/** A build that was made only to compare its members: nothing of it is shipped. */
const comparedBuildField = z.strictObject({
  tag: z.string().min(1).max(250),
  commit: objectIdField,
  targets: z.array(comparedTargetField).min(1)
})
export type ComparedBuild = z.output<typeof comparedBuildField>

export const completeSchema = z.strictObject({
  schema: z.literal('tagproof/complete/1'),
  /** SHA-256 of the `plan.json` that it belongs to. */
  plan: sha256Field,
  /** The last release before this one, or why there is none. */
  previous: z.union([comparedBuildField, z.strictObject({ none: z.string().min(1).max(500) })]),
  /** The same tree in a full clone. `history`: how many commits it held, and whether those were all. */
  clone: comparedBuildField.extend({
    history: z.strictObject({ commits: z.int().min(1), whole: z.boolean() })
  })
})

/** `complete/complete.json`: the member lists of the builds that this release is compared with. */
export type Complete = z.output<typeof completeSchema>
