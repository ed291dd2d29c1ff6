import { z } from 'zod'
import { sha256Field, sizeField, worldField } from './fields.ts'

/** Names of artifacts of ours: the service takes neither colons nor slashes, and no name twice. */
const artifactNameField = z.string().regex(/^tagproof-[a-z0-9-]{1,120}$/)

/** A stage, or the build of one world, that is handed something. */
export const receivers = ['build-a', 'build-b', 'prove', 'publish'] as const
export type Receiver = (typeof receivers)[number]

const namedFileField = z.strictObject({ name: artifactNameField, sha256: sha256Field })

export const handoverSchema = z.strictObject({
  schema: z.literal('tagproof/handover/1'),
  stage: z.enum(['plan', 'build', 'prove']),
  /** What a build was of; empty otherwise. */
  worlds: z.array(worldField),
  /** Attempt of the run, from 1. */
  attempt: z.int().positive(),
  /** What was handed over, each as one artifact: `sha256` is over the file as it is. */
  files: z
    .array(namedFileField.extend({ for: z.enum(receivers), size: sizeField }))
    .min(1)
    .max(receivers.length),
  /** What the jobs before this one handed over: with these names nothing in the run is unknown. */
  before: z.array(namedFileField).max(100),
  /** Tells two machines apart in this run, and says nothing else about them; null where that cannot be known. */
  machine: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .nullable()
})

/** The output `handover` of a step, one line of JSON: what the job hands to those that need it. */
export type Handover = z.output<typeof handoverSchema>
export type HandedFile = Handover['files'][number]
