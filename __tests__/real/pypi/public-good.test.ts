import { beforeAll, describe, expect, it } from '@jest/globals'
import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'
import { createRequire } from 'node:module'
import {
  attestationOf,
  attestationSchema,
  bundleOf,
  requireOwnEntry,
  type Attestation
} from '../../../src/destinations/pypi/attestation.ts'
import { publicGoodAttestation } from '../support/sigstore/pypi-attestations.ts'

let published: Attestation
beforeAll(async () => {
  published = attestationSchema.parse(await publicGoodAttestation())
})

/** The root of trust that comes with the library, as it was when that was released. */
function verifier(): Verifier {
  const seeds = createRequire(import.meta.url)('@sigstore/tuf/seeds.json') as Record<
    string,
    { targets: Record<string, string> }
  >
  const [text] = Object.values(seeds).flatMap(({ targets }) => targets['trusted_root.json'] ?? [])
  const root = TrustedRoot.fromJSON(JSON.parse(Buffer.from(text ?? '', 'base64').toString('utf8')))
  return new Verifier(toTrustMaterial(root))
}

const verify = (attestation: Attestation): unknown =>
  verifier().verify(toSignedEntity(bundleFromJSON(bundleOf(attestation)))).identity?.subjectAlternativeName

describe('an attestation of the public-good instance', () => {
  it('has the shape that is made here, and verifies', () => {
    requireOwnEntry(published)
    expect(verify(published)).toMatch(/\/\.github\/workflows\/release\.yml@refs\/tags\/v0\.0\.19$/)
  })

  it('comes out of its bundle as it was', () => {
    const statement = Buffer.from(published.envelope.statement, 'base64')
    expect(attestationOf(bundleOf(published), statement)).toEqual(published)
  })

  it('does not verify at another time than the log says', () => {
    const moved = structuredClone(published)
    for (const entry of moved.verification_material.transparency_entries) entry.integratedTime = '1733354027'
    expect(() => verify(moved)).toThrow('inclusion promise could not be verified')
  })

  it('is of the same kind of build as ours', () => {
    const statement = JSON.parse(Buffer.from(published.envelope.statement, 'base64').toString('utf8')) as {
      predicate: { buildDefinition: Record<string, unknown> }
    }
    expect(Object.keys(statement.predicate.buildDefinition)).toEqual([
      'buildType',
      'externalParameters',
      'internalParameters',
      'resolvedDependencies'
    ])
    expect(statement.predicate.buildDefinition.buildType).toBe(
      'https://actions.github.io/buildtypes/workflow/v1'
    )
  })
})
