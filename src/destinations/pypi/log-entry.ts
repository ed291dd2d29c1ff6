import { createHash } from 'node:crypto'
import { z } from 'zod'
import { base64Field, decimalField } from './encodings.ts'

/**
 * An entry of a log of version 1, as Sigstore's protobuf JSON has it; both promise and proof, as indexes want them. That
 * JSON leaves out zeros and empty lists: they are written, since not all who read it know.
 */
export const logEntryField = z.strictObject({
  logIndex: decimalField.default('0'),
  logId: z.strictObject({ keyId: base64Field }),
  kindVersion: z.strictObject({ kind: z.literal('dsse'), version: z.literal('0.0.1') }),
  integratedTime: decimalField,
  inclusionPromise: z.strictObject({ signedEntryTimestamp: base64Field }),
  inclusionProof: z.strictObject({
    logIndex: decimalField.default('0'),
    rootHash: base64Field,
    treeSize: decimalField,
    hashes: z.array(base64Field).max(64).default([]),
    checkpoint: z.strictObject({ envelope: z.string().min(1).max(10_000) })
  }),
  canonicalizedBody: base64Field
})
export type LogEntry = z.output<typeof logEntryField>

const hashField = z.strictObject({ algorithm: z.literal('sha256'), value: z.string() })
const bodySchema = z.strictObject({
  apiVersion: z.literal('0.0.1'),
  kind: z.literal('dsse'),
  spec: z.strictObject({
    envelopeHash: hashField,
    payloadHash: hashField,
    signatures: z.array(z.strictObject({ signature: base64Field, verifier: base64Field })).length(1)
  })
})

/** What an entry must be of. */
export interface Logged {
  statement: Buffer
  signature: Buffer
  /** DER. */
  certificate: Buffer
}

/**
 * Whether the body of an entry is of this very statement, signature and certificate (Rekor, types dsse v0.0.1). The
 * library compares the first two.
 *
 * @returns what is wrong, null if nothing is
 */
export function wrongEntry(entry: LogEntry, { statement, signature, certificate }: Logged): string | null {
  const body = bodySchema.safeParse(jsonIn(Buffer.from(entry.canonicalizedBody, 'base64')))
  if (!body.success) return 'the body of the log entry is not one of a DSSE envelope'
  const { payloadHash, signatures } = body.data.spec
  const [only] = signatures
  if (payloadHash.value !== createHash('sha256').update(statement).digest('hex'))
    return 'the log entry is of another statement'
  if (only?.signature !== signature.toString('base64')) return 'the log entry is of another signature'
  if (!derOfPem(Buffer.from(only.verifier, 'base64').toString('latin1')).equals(certificate))
    return 'the log entry is of another certificate'
  return null
}

function jsonIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return null
  }
}

/** One certificate in its text form (RFC 7468); nothing for anything else. */
function derOfPem(text: string): Buffer {
  const [, body = ''] =
    /^-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----\s*$/.exec(text) ?? []
  return Buffer.from(body, 'base64')
}
