import { z } from 'zod'
import { variationNames } from './identifiers.ts'
import {
  artifactKindField,
  fileNameField,
  relativePathField,
  sha256Field,
  sizeField,
  toolField,
  variationField,
  worldField
} from './fields.ts'
import { planSchema } from './plan.ts'
import { platformField } from './target-settings.ts'

const builtArtifactField = z.strictObject({
  kind: artifactKindField,
  name: fileNameField,
  size: sizeField,
  sha256: sha256Field
})
export type BuiltArtifact = z.output<typeof builtArtifactField>

/** What counts as the project's own failure; anything else is an error of the run. */
export const projectFailures = [
  'build-failed',
  'build-timeout',
  'build-memory',
  'build-processes',
  'build-disk',
  'build-output'
] as const

const buildFailureField = z.strictObject({
  code: z.enum(projectFailures),
  message: z.string().max(2000),
  /** What was found, in one phrase: most often the exception. */
  found: z.string().max(2000).nullable(),
  /** Last lines of the build. */
  output: z.string().max(20_000),
  /** Paths of the export that were read until then, where the sandbox can tell; sorted. */
  reads: z.array(relativePathField).nullable(),
  /**
   * Variations without which it builds, as further builds have shown. Empty: it fails without any of them too.
   * Null: not tried.
   */
  follows: z.array(z.enum(variationNames)).nullable(),
  /** It fails with scrambled files of the second tier too, which keep their format. */
  secondTier: z.boolean()
})
/** Why a target was not built in world b. */
export type BuildFailure = z.output<typeof buildFailureField>

export const mostMetadataFiles = 20

const preparedMetadataField = z
  .record(fileNameField, sha256Field)
  .refine((files) => Object.keys(files).length <= mostMetadataFiles, `more than ${mostMetadataFiles} files`)

const builtTargetField = z.strictObject({
  name: z.string().min(1),
  /** Empty where there is a failure. */
  artifacts: z.array(builtArtifactField),
  /** World b alone: a failure in world a ends the run. */
  failure: buildFailureField.optional(),
  /**
   * What the backend's `prepare_metadata_for_build_wheel` gave in a run of its own: SHA-256 by the name of the file,
   * which lies in `<target>+metadata/`. Left out where the backend has no such hook.
   */
  metadata: preparedMetadataField.optional(),
  /** What is kept as evidence and not published, such as a `.buildinfo`: SHA-256 by file, in `<target>+evidence/`. */
  evidence: z.record(fileNameField, sha256Field).optional(),
  /** Platforms of an image whose programs were run by an emulator; left out where there were none. */
  emulated: z.array(platformField).min(1).optional(),
  /** Build requirements that the backend asked for beyond `build-system.requires`. */
  requires: z.array(z.string().max(500)),
  /** Paths of the export that the build read, where the sandbox can tell; sorted. */
  reads: z.array(relativePathField).nullable(),
  /** What varied in this world: the value in force, or why it was not. */
  variations: z.array(variationField)
})
export type BuiltTarget = z.output<typeof builtTargetField>

const completeTargetField = builtTargetField.refine(
  ({ artifacts, failure }) => (failure === undefined) === artifacts.length > 0,
  'expected either artifacts or a failure'
)

export const buildSchema = z.strictObject({
  schema: z.literal('tagproof/build/1'),
  world: worldField,
  /** SHA-256 of the `plan.json` that was built. */
  plan: sha256Field,
  rootHashes: z.array(z.strictObject({ root: z.string(), sha256: sha256Field })),
  targets: z.array(completeTargetField).min(1),
  /** World b alone: what it was given, where that is not what the plan says; the first tier did not build. */
  scramble: planSchema.shape.scramble.optional(),
  /** World b alone: more builds of it, with other files or other noise. Artifacts lie below `build-b/+<name>/`. */
  perturbations: z
    .array(
      z.strictObject({
        /** `seed-2`, `seed-3`…: the same files, other noise. `pairs`: files of declared pairs too. */
        name: z.string().regex(/^(pairs|seed-[1-9][0-9]{0,3})$/),
        targets: z.array(completeTargetField).min(1)
      })
    )
    .optional(),
  tools: z.array(toolField)
})

export type Perturbation = NonNullable<z.output<typeof buildSchema>['perturbations']>[number]

/** `build-<world>/build.json`: what one world made, and under which conditions. */
export type Build = z.output<typeof buildSchema>
