import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sigstoreAttest, type SigstoreOptions } from '../../../src/destinations/pypi/attest.ts'
import { attestationSchema, type Attestation } from '../../../src/destinations/pypi/attestation.ts'
import { signerOfRun } from '../../../src/destinations/pypi/signer.ts'
import { verifyAttestations } from '../../../src/destinations/pypi/verify-attestation.ts'
import { sha256 } from '../../../src/documents/identifiers.ts'
import { asTagproofError, describeError } from '../../../src/platform/errors.ts'
import { signingProgram } from '../../../src/platform/signing/program.ts'
import {
  publisher,
  refusedBy,
  sdist,
  sigstoreFixture,
  wheel,
  type SigstoreFixture
} from '../support/sigstore/fixture.ts'
import { verdictsOf } from '../support/sigstore/pypi-attestations.ts'

const honestName = 'was not tampered with'
const otherWorkflow = 'herald-org/herald/.github/workflows/other.yml@refs/tags/v1.2.0'

let sigstore: SigstoreFixture
let other: SigstoreFixture
let cache: string
let honest: Attestation
let second: Attestation
beforeAll(async () => {
  sigstore = await sigstoreFixture()
  other = await sigstoreFixture()
  cache = await mkdtemp(path.join(tmpdir(), 'tagproof-trust-'))
  const [first, next] = await made(sigstore)
  if (first === undefined || next === undefined) throw new Error('no attestations')
  honest = first
  second = next
})
afterAll(async () => {
  await sigstore.close()
  await other.close()
  await rm(cache, { recursive: true, force: true })
})

async function made(by: SigstoreFixture, more: Partial<SigstoreOptions> = {}): Promise<Attestation[]> {
  const attestations = await sigstoreAttest(by.options(more))([wheel])
  return (attestations.get(wheel.name) ?? []).map((one) => attestationSchema.parse(one))
}

/** Without our own verification: what a broken or false service would have let out. */
const unverified: Partial<SigstoreOptions> = { verify: () => Promise.resolve() }
const signedFor = async (claims: Record<string, string>): Promise<unknown> => {
  const identityToken = (): Promise<string> => Promise.resolve(sigstore.issuer.token(claims))
  const [attestation] = await made(sigstore, { ...unverified, identityToken })
  return attestation
}
const flipped = (base64: string): string => {
  const bytes = Buffer.from(base64, 'base64')
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  return bytes.toString('base64')
}
const copy = (change: (copied: Attestation) => void): Attestation => {
  const copied = structuredClone(honest)
  change(copied)
  return copied
}

/** What ours says of it: `verified`, or the error. */
async function ours(attestation: unknown, file = wheel): Promise<string> {
  const { program, services, patience, run } = sigstore.options()
  if (services === undefined || patience === undefined) throw new Error('no services')
  const signing = signingProgram({ program, environment: {} })
  const verified = verifyAttestations([{ file, attestation }], {
    signing,
    services,
    patience,
    cache,
    signer: signerOfRun(run)
  }).then(() => 'verified')
  return verified.catch((error: unknown) => describeError(asTagproofError(error)))
}

type Tampering = [string, () => unknown, { ours: RegExp; theirs: RegExp; file?: typeof wheel }]
const tamperings: Tampering[] = [
  ['is of another file', () => honest, { file: { ...sdist }, ours: /it is of "herald/, theirs: /name/ }],
  [
    'is of the same name with other bytes',
    () => honest,
    { file: { ...wheel, sha256: sha256('d'.repeat(64)) }, ours: /it is of the digest aaaa/, theirs: /digest/ }
  ],
  [
    'had its statement changed',
    () =>
      copy(({ envelope }) => {
        const text = Buffer.from(envelope.statement, 'base64')
          .toString('utf8')
          .replace(/a{64}/, 'd'.repeat(64))
        envelope.statement = Buffer.from(text).toString('base64')
      }),
    { file: { ...wheel, sha256: sha256('d'.repeat(64)) }, ours: /another statement/, theirs: /refused/ }
  ],
  [
    'had its signature changed',
    () => copy(({ envelope }) => (envelope.signature = flipped(envelope.signature))),
    { ours: /another signature/, theirs: /refused/ }
  ],
  [
    'has no log entry',
    () => copy(({ verification_material: material }) => (material.transparency_entries = [])),
    { ours: /expected array to have/, theirs: /transparency_entries/ }
  ],
  [
    'has the log entry of another',
    () =>
      copy(({ verification_material: material }) => {
        material.transparency_entries = second.verification_material.transparency_entries
      }),
    { ours: /log entry is of another/, theirs: /refused/ }
  ],
  [
    'says another time than the log',
    () =>
      copy(
        ({
          verification_material: {
            transparency_entries: [entry]
          }
        }) => {
          if (entry !== undefined) entry.integratedTime = String(Number(entry.integratedTime) + 1)
        }
      ),
    { ours: /inclusion/, theirs: /refused/ }
  ],
  [
    'was certified by another authority',
    async () => (await made(other))[0],
    { ours: /does not verify/, theirs: /refused/ }
  ],
  [
    'was signed in another workflow',
    () => signedFor({ workflow_ref: otherWorkflow }),
    { ours: /certified for somebody else/, theirs: /Build Config URI/ }
  ],
  [
    'was signed in another repository',
    () =>
      signedFor({
        repository: 'mallory/herald',
        workflow_ref: 'mallory/herald/.github/workflows/release.yml@refs/tags/v1.2.0'
      }),
    { ours: /certified for somebody else/, theirs: /refused/ }
  ]
]

/** By name, what is verified; the independent verifier is started once for all. */
let judged: Map<string, { attestation: unknown; theirs: string }>
beforeAll(async () => {
  const honestCase: Tampering = [honestName, () => honest, { ours: /^verified$/, theirs: /^verified / }]
  const cases = []
  for (const [name, make, { file = wheel }] of [honestCase, ...tamperings])
    cases.push({ case: name, attestation: await make(), ...file, ...publisher })
  const verdicts = await verdictsOf(cases, sigstore.server.trustedRoot)
  judged = new Map(
    cases.map(({ case: name, attestation }, index) => [name, { attestation, theirs: verdicts[index] ?? '' }])
  )
})
describe('an attestation that', () => {
  it('was not tampered with is taken by us and by the independent verifier', async () => {
    expect(await ours(judged.get(honestName)?.attestation)).toBe('verified')
    expect(judged.get(honestName)?.theirs).toMatch(/^verified /)
  })

  it.each(tamperings)('%s is refused by both', async (name, _, expected) => {
    expect(await ours(judged.get(name)?.attestation, expected.file)).toMatch(expected.ours)
    expect(judged.get(name)?.theirs).toMatch(/^refused /)
    expect(judged.get(name)?.theirs).toMatch(expected.theirs)
  })
})

describe('without our own verification', () => {
  const identityToken = (): Promise<string> =>
    Promise.resolve(sigstore.issuer.token({ workflow_ref: otherWorkflow }))

  it('an attestation that the index refuses is given out; with it, none is', async () => {
    expect(await made(sigstore, { identityToken, ...unverified })).toHaveLength(2)
    expect(await refusedBy(made(sigstore, { identityToken }))).toMatchObject({ code: 'signing-failed' })
    expect(judged.get('was signed in another workflow')?.theirs).toMatch(/^refused /)
  })
})
