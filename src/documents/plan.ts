import { z } from 'zod'
import { limitsField, sourcesField } from './config.ts'
import {
  fileNameField,
  objectIdField,
  originField,
  relativePathField,
  sha256Field,
  sizeField,
  tagField,
  targetKindField,
  versionField
} from './fields.ts'

/** One thing to build. */
export const planTargetField = z.strictObject({
  kind: targetKindField,
  /** Unique among the targets of a release; `python` when there is one. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  /** Folder of the target in the tree, `.` for its top. */
  path: relativePathField,
  /** The root of the lock that it is built in. */
  root: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
})
export type PlanTarget = z.output<typeof planTargetField>

const exportField = z.strictObject({ file: fileNameField, sha256: sha256Field, size: sizeField })

/** A file that world b sees scrambled. `original` and `scrambled` are over the bytes of the file. */
export const scrambledFileField = z.strictObject({
  path: relativePathField,
  blob: objectIdField,
  size: sizeField,
  reason: z.enum(['binary', 'encoded', 'dense', 'minified', 'tests', 'docs', 'examples', 'benchmarks']),
  original: sha256Field,
  scrambled: sha256Field
})
export type ScrambledFile = z.output<typeof scrambledFileField>

export const planSchema = z.strictObject({
  schema: z.literal('tagproof/plan/1'),
  tag: tagField,
  /** Version of the release, as the tag says it. */
  version: versionField,
  targets: z.array(planTargetField).min(1),
  /** Targets that the tree shows and this release does not build. */
  skipped: z.array(planTargetField),
  config: z.strictObject({ from: originField, sha256: sha256Field.nullable() }),
  lock: z.strictObject({ from: originField, sha256: sha256Field }),
  sources: sourcesField,
  limits: limitsField,
  exports: z.strictObject({ a: exportField, b: exportField }),
  scramble: z.strictObject({
    /** Seed of the scramble, from the tag object and the commit. */
    seed: sha256Field,
    /** Globs of the configuration whose files are spared although they are opaque, or under tests or docs. */
    inputs: z.array(z.string().min(1).max(500)),
    files: z.array(scrambledFileField)
  })
})

/** `plan.json`: what is released, from which bytes, and what each world is given. */
export type Plan = z.output<typeof planSchema>
