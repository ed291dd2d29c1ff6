import { createSign, X509Certificate } from 'node:crypto'
import type { AttestRequest } from '../../../../src/destinations/pypi/attest.ts'
import type { Certificate } from './certificate.ts'

const predicateTypes = ['https://docs.pypi.org/attestations/publish/v1', 'https://slsa.dev/provenance/v1']

/** Attestations in the form of PEP 740, signed by a certificate of our own; Sigstore has tests of its own. */
export function attestWith({ key, cert }: Certificate) {
  const certificate = new X509Certificate(cert).raw.toString('base64')
  const attest = ({ name, sha256 }: AttestRequest, predicateType: string): object => {
    const subject = [{ name, digest: { sha256 } }]
    const predicate = predicateType.includes('slsa') ? { buildDefinition: {} } : null
    const type = 'https://in-toto.io/Statement/v1'
    const statement = Buffer.from(JSON.stringify({ _type: type, subject, predicateType, predicate }))
    const head = `DSSEv1 28 application/vnd.in-toto+json ${statement.length} `
    const signature = createSign('sha256').update(head).update(statement).sign(key, 'base64')
    return {
      version: 1,
      verification_material: { certificate, transparency_entries: [{ logIndex: '1' }] },
      envelope: { statement: statement.toString('base64'), signature }
    }
  }
  return (files: readonly AttestRequest[]): Promise<Map<string, object[]>> =>
    Promise.resolve(
      new Map(files.map((file) => [file.name, predicateTypes.map((type) => attest(file, type))]))
    )
}
