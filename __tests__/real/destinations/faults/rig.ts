import type { Destination } from '../../../../src/destinations/destination.ts'
import type { Journal } from '../../../../src/destinations/journal.ts'
import { runPublication, type Publication } from '../../../../src/destinations/publication.ts'
import { pypiDestination, type PypiRequest } from '../../../../src/destinations/pypi/destination.ts'
import type { Attest } from '../../../../src/destinations/pypi/attest.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import { requestOf, type Asked } from '../../support/pypi/destination-run.ts'
import { startFakeIndex, type FakeIndex } from '../../support/pypi/fake-index.ts'
import {
  startFaultProxy,
  type Fault,
  type FaultKind,
  type FaultProxy
} from '../../support/pypi/fault-proxy.ts'
import { startIdentityProvider, type IdentityServer } from '../../support/pypi/identity-provider.ts'
import { makeTinyRelease, type TinyRelease } from '../../support/pypi/tiny-release.ts'

/** How the client logs in, and whether it sends attestations. */
export interface Mode {
  trusted: boolean
  attest: Attest | null
}

/** What all cases share: a release, and an issuer whose clock can be turned. */
export interface Bench {
  release: TinyRelease
  identity: IdentityServer
  /** Milliseconds that the clocks of the servers are ahead. */
  clock: { ahead: number }
  close: () => Promise<void>
}

export async function makeBench(): Promise<Bench> {
  const clock = { ahead: 0 }
  const release = await makeTinyRelease()
  const identity = await startIdentityProvider(() => Date.now() + clock.ahead)
  const close = async (): Promise<void> => {
    await identity.close()
    await release.remove()
  }
  return { release, identity, clock, close }
}

/** An index for one case alone. */
export async function openIndex({ release, identity, clock }: Bench): Promise<FakeIndex> {
  clock.ahead = 0
  const index = await startFakeIndex({ tokens: { 'pypi-secret': {} }, issuers: [identity.provider.issuer] })
  index.publisher(release.project)
  return index
}

/** What a run came to, and what went through the proxy: nothing where there was none. */
export interface Ended extends Pick<FaultProxy, 'seen' | 'elsewhere'> {
  publication: Publication | null
  error: unknown
}

export type Change = (destination: Destination, request: PypiRequest) => Destination

/** Milliseconds of silence: long for servers on the loopback, short where silence is the fault. */
const usualStall = 10_000
const shortStall = 60

/**
 * Publishes once: through a proxy that does this fault to it, or none and only looks on; or straight.
 *
 * @param change takes a protection away
 */
export async function publishOnce(
  bench: Bench,
  index: FakeIndex,
  mode: Mode,
  fault: Fault | 'none' | null = null,
  change: Change = (same) => same
): Promise<Ended> {
  const { identity, release, clock } = bench
  let ahead = 0
  const turnClock = (kind: FaultKind): void => {
    if (kind === 'client-ahead') ahead = 3_600_000
    else if (kind === 'client-behind') ahead = -3_600_000
    else {
      clock.ahead += 901_000
      index.advance(901_000)
    }
  }
  const behind = { index: index.origin, identity: identity.provider.issuer, turnClock }
  const proxy =
    fault === null ? null : await startFaultProxy({ ...behind, fault: fault === 'none' ? null : fault })
  const silence = fault !== null && fault !== 'none' && fault.kind.startsWith('slow')
  const stallMilliseconds = silence ? shortStall : usualStall
  const http = createHttpClient({ attempts: 3, retryMilliseconds: 0, stallMilliseconds, environment: {} })
  const request = requestOf({
    ...addresses(bench, index, proxy, mode),
    release,
    attest: mode.attest,
    http,
    now: () => Date.now() + ahead,
    patience: [0]
  })
  const journal: Journal = { earlier: null, keep: () => Promise.resolve() }
  const { version } = release
  const published = { tag: `v${version}`, version, sha256: sha256OfBytes(Buffer.from('release')) }
  const { seen, elsewhere } = proxy ?? { seen: [], elsewhere: [] }
  const ended: Ended = { publication: null, error: null, seen, elsewhere }
  try {
    const destinations = [change(pypiDestination(request), request)]
    ended.publication = await runPublication({ release: published, destinations, journal, log: silentLog })
  } catch (error) {
    ended.error = error
  } finally {
    http.close()
    await proxy?.close()
  }
  return ended
}

/** Where the client goes: to the servers, or to the proxy before them. */
function addresses(
  { identity }: Bench,
  index: FakeIndex,
  proxy: FaultProxy | null,
  mode: Mode
): Pick<Asked, 'index' | 'identity'> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: asked, ...bearer } = identity.environment
  const { pathname, search } = new URL(asked)
  const through = new URL(`${pathname}${search}`, proxy?.identity ?? asked).href
  const origin = proxy?.index ?? new URL(index.origin)
  return {
    index: {
      uploadUrl: new URL('/legacy/', origin),
      simpleUrl: new URL('/simple/', origin),
      jsonUrl: origin
    },
    ...(mode.trusted
      ? { identity: { ...identity, environment: { ...bearer, ACTIONS_ID_TOKEN_REQUEST_URL: through } } }
      : {})
  }
}
