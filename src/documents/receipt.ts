import { z } from 'zod'
import { fileNameField, sha256Field, versionField } from './fields.ts'

const lineField = z.string().max(500)

const readBackField = z.strictObject({
  name: fileNameField,
  /** SHA-256 of the bytes that came back. */
  sha256: sha256Field,
  /** What was asked, and agreed: `index`, `bytes`, `metadata`, `provenance`. */
  checks: z.array(
    z.strictObject({
      what: z.string().min(1).max(40),
      result: z.enum(['agrees', 'late', 'none']),
      note: lineField
    })
  )
})
/** One artifact as a destination gives it out. `late`: a cache does not show it yet; `none`: it offers no such thing. */
export type ReadBack = z.output<typeof readBackField>

/** What a name stands for, in the destination's terms: a digest, a file, a SHA-256. */
const standsForField = z.string().min(1).max(500)

const nameReadBackField = z.strictObject({
  name: z.string().min(1).max(500),
  found: standsForField,
  checks: readBackField.shape.checks
})
/** What a name that moves stands for, asked as a user would. */
export type NameReadBack = z.output<typeof nameReadBackField>

const movedField = z.strictObject({
  name: z.string().min(1).max(500),
  /** Before the first run of this release moved it; null for a name that was not there. */
  before: standsForField.nullable(),
  expected: standsForField,
  /** `ahead`: it stands for a newer release, and stayed there. */
  found: z.enum(['behind', 'current', 'ahead']),
  /** What the runs of this release on this machine did; `there`: it was found moved after a fault. */
  moved: z.enum(['no', 'moved', 'there', 'withdrawn'])
})
export type ReceiptName = z.output<typeof movedField>

export const receiptDestinationField = z.strictObject({
  // One of the configuration has up to 64 letters, and may be divided.
  name: z.string().min(1).max(80),
  kind: z.string().min(1).max(40),
  address: lineField,
  artifacts: z.array(
    z.strictObject({
      name: fileNameField,
      sha256: sha256Field,
      /** Before the first write of the run that wrote it; where none did, of the last. */
      found: z.enum(['absent', 'identical']),
      /** What the runs of this release on this machine did: nothing, sent it, or found it there after a fault. */
      written: z.enum(['no', 'sent', 'there'])
    })
  ),
  /** Null until all of it was read back. */
  readBack: z.array(readBackField).nullable(),
  /** Names that move; none where the destination has no such names. */
  names: z.array(movedField),
  /** Null until all names were moved and read back. */
  namesReadBack: z.array(nameReadBackField).nullable()
})
export type ReceiptDestination = z.output<typeof receiptDestinationField>

export const receiptSchema = z.strictObject({
  schema: z.literal('tagproof/receipt/2'),
  tag: z.string().min(1),
  version: versionField,
  /** SHA-256 of `release.json`. */
  release: sha256Field,
  /** Whether every destination has every artifact and every name, read back. */
  complete: z.boolean(),
  /** Whether names were moved back to what they stood for before this release. */
  withdrawn: z.boolean(),
  destinations: z.array(receiptDestinationField)
})

/** `receipt.json`: the journal of a publication, written before the first write and after each. */
export type Receipt = z.output<typeof receiptSchema>
