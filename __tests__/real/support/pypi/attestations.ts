import { X509Certificate, createVerify } from 'node:crypto'
import { Refusal } from './refusal.ts'

const predicateTypes = ['https://docs.pypi.org/attestations/publish/v1', 'https://slsa.dev/provenance/v1']
const payloadType = 'application/vnd.in-toto+json'

/**
 * The form and the signature of what comes in `attestations` (PEP 740): at most two, one of a kind, each about this
 * one file, signed by the certificate that it brings. Whether Fulcio made that certificate, and for whom, needs the
 * roots of Sigstore: tests of the evidence ask that of an implementation of its own.
 *
 * @throws Refusal 400
 */
export function checkAttestations(text: string, file: { name: string; sha256: string }): object[] {
  const refuse = (reason: string): Refusal =>
    new Refusal(400, `Invalid attestations supplied during upload: ${reason}`)
  const list = parse(text)
  if (!Array.isArray(list)) throw refuse('Malformed attestations: no list')
  if (list.length === 0) throw refuse('Malformed attestations: an empty attestation set is not permitted')
  if (list.length > predicateTypes.length) throw refuse('A maximum of 2 attestations per file are supported')
  const seen = new Set<string>()
  for (const attestation of list as unknown[]) {
    const { problem, predicateType } = check(attestation, file)
    if (problem !== null) throw refuse(problem)
    if (seen.has(predicateType)) throw refuse(`Multiple attestations with predicate type (${predicateType})`)
    seen.add(predicateType)
  }
  return list as object[]
}

function check(
  attestation: unknown,
  file: { name: string; sha256: string }
): { problem: string | null; predicateType: string } {
  const found = (
    problem: string | null,
    predicateType = ''
  ): { problem: string | null; predicateType: string } => ({
    problem,
    predicateType
  })
  const { version, verification_material: material, envelope } = record(attestation)
  const { certificate, transparency_entries: entries } = record(material)
  const { statement: encoded, signature } = record(envelope)
  if (version !== 1 || typeof certificate !== 'string' || typeof encoded !== 'string')
    return found('Malformed attestations: version, certificate or statement')
  if (typeof signature !== 'string' || !Array.isArray(entries) || entries.length === 0)
    return found('Malformed attestations: signature or transparency entries')
  const statement = Buffer.from(encoded, 'base64')
  if (!isSigned(certificate, statement, Buffer.from(signature, 'base64')))
    return found('Could not verify the uploaded artifact using the included attestation: bad signature')
  const { _type: type, subject, predicateType } = record(parse(statement.toString('utf8')))
  if (type !== 'https://in-toto.io/Statement/v1') return found(`unknown statement ${String(type)}`)
  if (!Array.isArray(subject) || subject.length !== 1) return found('too many subjects in statement')
  const { name, digest } = record(subject[0])
  if (name !== file.name) return found(`subject does not match distribution name: ${String(name)}`)
  if (record(digest).sha256 !== file.sha256) return found('subject does not match distribution digest')
  if (!predicateTypes.includes(String(predicateType)))
    return found(`Attestation with unsupported predicate type: ${String(predicateType)}`)
  return found(null, String(predicateType))
}

/** DSSE (secure-systems-lab/dsse, protocol.md): what is signed has its type and its lengths before it. */
function isSigned(certificate: string, statement: Buffer, signature: Buffer): boolean {
  try {
    const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'))
    const head = `DSSEv1 ${payloadType.length} ${payloadType} ${statement.length} `
    return createVerify('sha256').update(head).update(statement).verify(publicKey, signature)
  } catch {
    return false
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
