import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sigstoreAttest } from '../../../src/destinations/pypi/attest.ts'
import { attestationSchema, type Attestation } from '../../../src/destinations/pypi/attestation.ts'
import { sha256 } from '../../../src/documents/identifiers.ts'
import { predicateTypes } from '../../../src/evidence/statements.ts'
import { verdictsOf } from '../support/sigstore/pypi-attestations.ts'
import {
  publisher,
  sdist,
  sigstoreFixture,
  wheel,
  type SigstoreFixture
} from '../support/sigstore/fixture.ts'

let sigstore: SigstoreFixture
beforeAll(async () => {
  sigstore = await sigstoreFixture()
})
afterAll(() => sigstore.close())

const statementOf = ({ envelope }: Attestation): Record<string, unknown> =>
  JSON.parse(Buffer.from(envelope.statement, 'base64').toString('utf8')) as Record<string, unknown>

describe('attestations', () => {
  it('are two per file, of one subject each, and an independent verifier takes every one', async () => {
    const asked: string[] = []
    const attest = sigstoreAttest(
      sigstore.options({
        identityToken: (audience) => {
          asked.push(audience)
          return Promise.resolve(sigstore.issuer.token())
        }
      })
    )
    const made = await attest([wheel, sdist])
    expect([...made.keys()]).toEqual([wheel.name, sdist.name])
    expect(asked).toEqual(['sigstore'])
    for (const file of [wheel, sdist]) {
      const attestations = (made.get(file.name) ?? []).map((one) => attestationSchema.parse(one))
      const [publish, provenance, ...more] = attestations.map(statementOf)
      expect(more).toEqual([])
      const subject = [{ name: file.name, digest: { sha256: file.sha256 } }]
      expect(publish).toMatchObject({ subject, predicateType: predicateTypes.publish, predicate: {} })
      expect(provenance).toMatchObject({ subject, predicateType: predicateTypes.provenance })
      const cases = attestations.map((attestation) => ({ attestation, ...file, ...publisher }))
      expect(await verdictsOf(cases, sigstore.server.trustedRoot)).toEqual([
        `verified ${predicateTypes.publish}`,
        `verified ${predicateTypes.provenance}`
      ])
    }
  })

  it('of many files take a new identity token before the first ends', async () => {
    let tokens = 0
    const files = Array.from({ length: 9 }, (_, index) => ({
      name: `herald-1.2.0-cp3${index}-none-any.whl`,
      sha256: sha256(String(index).repeat(64))
    }))
    const made = await sigstoreAttest(
      sigstore.options({
        identityToken: () => {
          tokens += 1
          return Promise.resolve(sigstore.issuer.token())
        }
      })
    )(files)
    expect(tokens).toBe(2)
    expect([...made.values()].map((of) => of.length)).toEqual(files.map(() => 2))
  })

  it('of no file ask nobody', async () => {
    const before = { ...sigstore.server.counts }
    const identityToken = (): never => {
      throw new Error('asked')
    }
    expect((await sigstoreAttest(sigstore.options({ identityToken }))([])).size).toBe(0)
    expect(sigstore.server.counts).toEqual(before)
  })
})
