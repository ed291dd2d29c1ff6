import { z } from 'zod'
import { fileNameField, sha256Field } from './fields.ts'
import { findingField } from './proof.ts'

const triedField = z.strictObject({
  artifact: fileNameField,
  sha256: sha256Field,
  /** What it was installed into, in one phrase. */
  place: z.string().max(500),
  commands: z.array(
    z.strictObject({
      argv: z.array(z.string().max(4000)).min(1),
      /** Exit status; null where it was stopped by a limit. */
      code: z.int().nullable()
    })
  )
})
/** One package that was installed and started. */
export type Tried = z.output<typeof triedField>

export const trySchema = z.strictObject({
  schema: z.literal('tagproof/try/1'),
  /** SHA-256 of the `proof.json` whose packages were tried. */
  proof: sha256Field,
  tried: z.array(triedField),
  findings: z.array(findingField)
})

/** `try.json`: each package, installed and started in a clean root with no network. */
export type Try = z.output<typeof trySchema>
