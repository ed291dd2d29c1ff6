import type { SerializedBundle } from '@sigstore/bundle'
import { z } from 'zod'
import { TagproofError } from '../../platform/errors.ts'
import { base64Field } from './encodings.ts'
import { logEntryField, wrongEntry } from './log-entry.ts'

/** Payload type of every statement (in-toto attestation specification, envelope). */
const statementType = 'application/vnd.in-toto+json'
const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json'

export const attestationSchema = z.strictObject({
  version: z.literal(1),
  verification_material: z.strictObject({
    /** DER of the one certificate. */
    certificate: base64Field,
    transparency_entries: z.array(logEntryField).length(1)
  }),
  envelope: z.strictObject({ statement: base64Field, signature: base64Field })
})
/** An attestation as an index takes it (PEP 740, attestation objects). */
export type Attestation = z.output<typeof attestationSchema>

/** What is taken of a bundle. Others hold a chain, a bare key, a time stamp, or several signatures: none is taken. */
const bundleSchema = z.strictObject({
  mediaType: z.literal(bundleType),
  verificationMaterial: z.strictObject({
    certificate: z.strictObject({ rawBytes: base64Field }),
    tlogEntries: z.array(logEntryField).length(1),
    timestampVerificationData: z
      .strictObject({ rfc3161Timestamps: z.array(z.never()).default([]) })
      .optional()
  }),
  dsseEnvelope: z.strictObject({
    payload: base64Field,
    payloadType: z.literal(statementType),
    signatures: z.array(z.strictObject({ sig: base64Field, keyid: z.literal('').default('') })).length(1)
  })
})

/**
 * @param bundle a bundle of Sigstore, as its JSON
 * @param statement the bytes that were to be signed
 * @throws TagproofError `signing-failed` if the bundle is of another kind, or of another statement
 */
export function attestationOf(bundle: unknown, statement: Buffer): Attestation {
  const read = bundleSchema.safeParse(bundle)
  if (!read.success) throw unfit(z.prettifyError(read.error).split('\n')[0] ?? 'a bundle of another kind')
  const { verificationMaterial: material, dsseEnvelope: envelope } = read.data
  const [signed] = envelope.signatures
  const attestation: Attestation = {
    version: 1,
    verification_material: {
      certificate: material.certificate.rawBytes,
      transparency_entries: material.tlogEntries
    },
    envelope: { statement: envelope.payload, signature: signed?.sig ?? '' }
  }
  if (envelope.payload !== statement.toString('base64')) throw unfit('a signature of another statement')
  requireOwnEntry(attestation)
  return attestation
}

/** @throws TagproofError `signing-failed` unless the log entry is of this statement, signature and certificate */
export function requireOwnEntry({ verification_material: material, envelope }: Attestation): void {
  for (const entry of material.transparency_entries) {
    const wrong = wrongEntry(entry, {
      statement: Buffer.from(envelope.statement, 'base64'),
      signature: Buffer.from(envelope.signature, 'base64'),
      certificate: Buffer.from(material.certificate, 'base64')
    })
    if (wrong !== null) throw unfit(wrong)
  }
}

/** The bundle of Sigstore that an attestation holds: what its verifiers read. */
export function bundleOf({ verification_material: material, envelope }: Attestation): SerializedBundle {
  return {
    mediaType: bundleType,
    verificationMaterial: {
      certificate: { rawBytes: material.certificate },
      tlogEntries: material.transparency_entries,
      timestampVerificationData: { rfc3161Timestamps: [] }
    },
    dsseEnvelope: {
      payload: envelope.statement,
      payloadType: statementType,
      signatures: [{ sig: envelope.signature, keyid: '' }]
    }
  } as unknown as SerializedBundle
}

function unfit(found: string): TagproofError {
  return new TagproofError('signing-failed', 'What the signing service gave is no attestation of the file.', {
    found,
    expected: 'one signature by a certificate, with its entry in the log',
    fix: 'Nothing was sent. Run the job again; if it stays so, report it.'
  })
}
