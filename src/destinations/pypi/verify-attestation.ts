import { z } from 'zod'
import { predicateTypes } from '../../evidence/statements.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { Patience, SigningServices, VerifyAnswer } from '../../platform/signing/messages.ts'
import { signingFailed, type SigningProgram } from '../../platform/signing/program.ts'
import type { AttestRequest } from './attest.ts'
import { attestationSchema, bundleOf, requireOwnEntry, type Attestation } from './attestation.ts'
import { requireSigner, type Signer } from './signer.ts'

/** An attestation, and the file that it must be of. */
export interface Attested {
  file: AttestRequest
  attestation: unknown
}

export interface VerifyOptions {
  signing: Pick<SigningProgram, 'verify'>
  services: SigningServices | null
  patience: Patience
  /** Folder for the root of trust. */
  cache: string
  signer: Signer
}

/**
 * Everything that an index checks of attestations, and more: shape, log entry, subject, then signature, certificate
 * chain and inclusion against the root of trust, then who signed.
 *
 * @throws TagproofError `signing-failed` that says what is wrong with the first that is
 */
export async function verifyAttestations(
  attested: readonly Attested[],
  options: VerifyOptions
): Promise<void> {
  if (attested.length === 0) return
  const read = attested.map(({ file, attestation }) => ({
    file,
    attestation: readAttestation(attestation, file)
  }))
  for (const { file, attestation } of read) {
    requireOwnEntry(attestation)
    requireSubject(attestation, file)
  }
  const { verdicts, failure } = await options.signing.verify({
    services: options.services,
    patience: options.patience,
    cache: options.cache,
    bundles: read.map(({ attestation }) => bundleOf(attestation))
  })
  if (failure !== null) throw signingFailed(failure)
  for (const [index, { file }] of read.entries()) requireVerdict(verdicts[index], file, options.signer)
}

function requireVerdict(
  verdict: VerifyAnswer['verdicts'][number] | undefined,
  { name }: AttestRequest,
  signer: Signer
): void {
  if (verdict === undefined) throw unverified(name, 'it was not verified')
  if ('refused' in verdict) throw unverified(name, verdict.refused)
  requireSigner(verdict.claims, signer)
}

function readAttestation(attestation: unknown, { name }: AttestRequest): Attestation {
  const read = attestationSchema.safeParse(attestation)
  if (read.success) return read.data
  throw unverified(name, z.prettifyError(read.error).split('\n')[0] ?? 'another shape')
}

const statementSchema = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z
    .array(z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: z.string() }) }))
    .length(1),
  predicateType: z.enum(predicateTypes)
})

function requireSubject({ envelope }: Attestation, { name, sha256 }: AttestRequest): void {
  const read = statementSchema.safeParse(jsonIn(Buffer.from(envelope.statement, 'base64')))
  if (!read.success) throw unverified(name, 'its statement is of another kind')
  const [subject] = read.data.subject
  if (subject?.name !== name) throw unverified(name, `it is of ${JSON.stringify(subject?.name)}`)
  if (subject.digest.sha256 !== sha256) throw unverified(name, `it is of the digest ${subject.digest.sha256}`)
}

function jsonIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return null
  }
}

function unverified(name: string, found: string): TagproofError {
  return new TagproofError('signing-failed', `An attestation of ${name} does not verify.`, {
    found,
    expected: 'a signature of this workflow over this file, in the public log',
    fix: 'Nothing was sent. Run the job again; if it stays so, report it.'
  })
}
