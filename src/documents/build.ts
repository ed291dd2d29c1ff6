import { z } from 'zod'
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

const builtArtifactField = z.strictObject({
  kind: artifactKindField,
  name: fileNameField,
  size: sizeField,
  sha256: sha256Field
})
export type BuiltArtifact = z.output<typeof builtArtifactField>

const builtTargetField = z.strictObject({
  name: z.string().min(1),
  artifacts: z.array(builtArtifactField).min(1),
  /** Build requirements that the backend asked for beyond `build-system.requires`. */
  requires: z.array(z.string().max(500)),
  /** Paths of the export that the build read, where the sandbox can tell; sorted. */
  reads: z.array(relativePathField).nullable(),
  /** What varied in this world: the value in force, or why it was not. */
  variations: z.array(variationField)
})
export type BuiltTarget = z.output<typeof builtTargetField>

export const buildSchema = z.strictObject({
  schema: z.literal('tagproof/build/1'),
  world: worldField,
  /** SHA-256 of the `plan.json` that was built. */
  plan: sha256Field,
  rootHashes: z.array(z.strictObject({ root: z.string(), sha256: sha256Field })),
  targets: z.array(builtTargetField).min(1),
  tools: z.array(toolField)
})

/** `build-<world>/build.json`: what one world made, and under which conditions. */
export type Build = z.output<typeof buildSchema>
