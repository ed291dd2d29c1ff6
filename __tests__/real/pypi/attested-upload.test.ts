import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { sigstoreAttest, type SigstoreOptions } from '../../../src/destinations/pypi/attest.ts'
import { runDestination, type Run } from '../support/pypi/destination-run.ts'
import { startFakeIndex, type FakeIndex } from '../support/pypi/fake-index.ts'
import { startIdentityProvider, type IdentityServer } from '../support/pypi/identity-provider.ts'
import { makeTinyRelease, type TinyRelease } from '../support/pypi/tiny-release.ts'
import { publisher, refusedBy, sigstoreFixture, type SigstoreFixture } from '../support/sigstore/fixture.ts'
import { refusal } from '../support/sigstore/log.ts'
import { verdictsOf } from '../support/sigstore/pypi-attestations.ts'

let sigstore: SigstoreFixture
let identity: IdentityServer
let index: FakeIndex
let release: TinyRelease
beforeAll(async () => {
  sigstore = await sigstoreFixture()
  identity = await startIdentityProvider()
  release = await makeTinyRelease({ wheels: ['py3'] })
})
afterAll(async () => {
  await sigstore.close()
  await identity.close()
  await release.remove()
})
beforeEach(async () => {
  index = await startFakeIndex({ issuers: [identity.provider.issuer] })
  index.publisher('tiny-demo')
})
afterEach(() => index.close())

const publish = (more: Partial<SigstoreOptions> = {}): Promise<Run> =>
  runDestination({ index, release, identity, attest: sigstoreAttest(sigstore.options(more)) })
/** Uploads, without the empty one that proves a token. */
const uploads = (): number =>
  index.requests.filter(({ path, status }) => path === '/legacy/' && status !== 400).length

/** What a stranger finds out about the files on the index. */
async function judged(): Promise<string[]> {
  const cases = []
  for (const { project, version, name, sha256 } of release.uploads) {
    const url = new URL(`/integrity/${project}/${version}/${name}/provenance`, index.jsonUrl)
    const served = (await (await fetch(url)).json()) as { attestation_bundles: { attestations: object[] }[] }
    for (const attestation of served.attestation_bundles.flatMap(({ attestations }) => attestations))
      cases.push({ attestation, name, sha256, ...publisher })
  }
  return verdictsOf(cases, sigstore.server.trustedRoot)
}

describe('files with attestations on an index', () => {
  it('are verified by a stranger from what the index gives out, and read back', async () => {
    const { written, readBack } = await publish()
    expect(written).toHaveLength(2)
    const checks = readBack.flatMap((file) => file.checks.filter(({ what }) => what === 'provenance'))
    expect(checks.map(({ result }) => result)).toEqual(['agrees', 'agrees'])
    expect(await judged()).toEqual([
      'verified https://docs.pypi.org/attestations/publish/v1',
      'verified https://slsa.dev/provenance/v1',
      'verified https://docs.pypi.org/attestations/publish/v1',
      'verified https://slsa.dev/provenance/v1'
    ])
  })

  it('are not sent where the signing service is down', async () => {
    sigstore.server.faults.log = Array.from({ length: 3 }, () => refusal(503, 'busy'))
    expect(await refusedBy(publish())).toMatchObject({ code: 'signing-failed' })
    expect(uploads()).toBe(0)
  })

  const foreign: Partial<SigstoreOptions> = {
    identityToken: () =>
      Promise.resolve(
        sigstore.issuer.token({
          workflow_ref: 'herald-org/herald/.github/workflows/other.yml@refs/tags/v1.2.0'
        })
      )
  }

  it('are not sent where another workflow signed', async () => {
    expect(await refusedBy(publish(foreign))).toMatchObject({ code: 'signing-failed' })
    expect(uploads()).toBe(0)
  })

  it('of another workflow do get there without our own verification, and a stranger refuses them', async () => {
    expect((await publish({ ...foreign, verify: () => Promise.resolve() })).written).toHaveLength(2)
    expect(uploads()).toBe(2)
    for (const verdict of await judged()) expect(verdict).toMatch(/^refused .*Build Config URI/)
  })
})
