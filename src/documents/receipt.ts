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
  readBack: z.array(readBackField).nullable()
})
export type ReceiptDestination = z.output<typeof receiptDestinationField>

export const receiptSchema = z.strictObject({
  schema: z.literal('tagproof/receipt/1'),
  tag: z.string().min(1),
  version: versionField,
  /** SHA-256 of `release.json`. */
  release: sha256Field,
  /** Whether every destination has every artifact, read back. */
  complete: z.boolean(),
  destinations: z.array(receiptDestinationField)
})

/** `receipt.json`: the journal of a publication, written before the first write and after each. */
export type Receipt = z.output<typeof receiptSchema>
