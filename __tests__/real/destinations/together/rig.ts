import type { Destination } from '../../../../src/destinations/destination.ts'
import type { Publication } from '../../../../src/destinations/publication.ts'
import { createHttpClient } from '../../../../src/platform/http.ts'
import { openGpgHome } from '../../support/apt/gpg-key.ts'
import {
  startFaultProxies,
  type Fault,
  type FaultKind,
  type FaultProxies
} from '../../support/pypi/fault-proxy.ts'
import { openAll, publishTo, type Addresses } from './clients.ts'
import { makeWholeRelease, type WholeRelease } from './parcel.ts'
import { startServers, type Servers, type SigningKey } from './servers.ts'

/** What all cases share: a release, and the one before it. */
export interface Bench {
  before: WholeRelease
  release: WholeRelease
  key: SigningKey
  remove: () => Promise<void>
}

/** @param noise bytes of the image that no compression makes smaller */
export async function makeBench({ noise = 0 } = {}): Promise<Bench> {
  const before = await makeWholeRelease('0.9')
  const release = await makeWholeRelease('1.0', { noise })
  const key = await makeKey()
  const remove = async (): Promise<void> => {
    await before.remove()
    await release.remove()
  }
  return { before, release, key, remove }
}

async function makeKey(): Promise<SigningKey> {
  const home = await openGpgHome()
  try {
    const fingerprint = await home.makeKey('ed25519', 'cert')
    await home.addSubkey(fingerprint, 'ed25519', 'sign')
    return {
      secret: await home.exported('--export-secret-subkeys', fingerprint),
      public: await home.exported('--export', fingerprint),
      from: home.now()
    }
  } finally {
    await home.close()
  }
}

/** Servers that hold the release before. */
export async function openServers({ before, release, key }: Bench): Promise<Servers> {
  const servers = await startServers(release.python.project, [before.parcel, release.parcel], key)
  const { error } = await publishOnce(servers, before)
  if (error !== null) throw new Error('the release before cannot be published', { cause: error })
  return servers
}

/** What a run came to, and what went through the proxies: nothing where there were none. */
export interface Ended extends Pick<FaultProxies, 'seen' | 'elsewhere'> {
  publication: Publication | null
  error: unknown
}

/** Takes a protection away. */
export type Change = (destination: Destination) => Destination

export interface Way {
  /** Done to one request; `none` only looks on; null goes straight. */
  fault?: Fault | 'none' | null
  change?: Change
  /** Whether apt itself is asked. */
  apt?: boolean
  onRequest?: (number: number, moment: 'came' | 'served') => Promise<void> | void
}

/** Milliseconds of silence: long for servers on the loopback, short where silence is the fault. */
const usualStall = 10_000
const shortStall = 60

/** Publishes to all servers once. */
export async function publishOnce(
  servers: Servers,
  { parcel }: WholeRelease,
  { fault = null, change = (same) => same, apt = false, onRequest }: Way = {}
): Promise<Ended> {
  let ahead = 0
  const turnClock = (kind: FaultKind): void => {
    if (kind === 'client-ahead') ahead = 3_600_000
    else if (kind === 'client-behind') ahead = -3_600_000
    else servers.index.advance(901_000)
  }
  const struck = fault === 'none' ? null : fault
  const watched = onRequest === undefined ? {} : { onRequest }
  const proxies =
    fault === null && onRequest === undefined
      ? null
      : await startFaultProxies({ upstreams: servers.origins, fault: struck, turnClock, ...watched })
  const stallMilliseconds = struck?.kind.startsWith('slow') === true ? shortStall : usualStall
  const http = createHttpClient({ attempts: 3, retryMilliseconds: 0, stallMilliseconds, environment: {} })
  const { seen, elsewhere } = proxies ?? { seen: [], elsewhere: [] }
  const ended: Ended = { publication: null, error: null, seen, elsewhere }
  try {
    const at = proxies === null ? servers.addresses : throughProxies(servers.addresses, proxies)
    const destinations = openAll(parcel, at, {
      http,
      now: () => Date.now() + ahead,
      signed: servers.nextSigned(),
      apt
    }).map(change)
    ended.publication = await publishTo(destinations, parcel, servers.receipt(parcel))
  } catch (error) {
    ended.error = error
  } finally {
    http.close()
    await proxies?.close()
  }
  return ended
}

export function throughProxies(at: Addresses, { through }: Pick<FaultProxies, 'through'>): Addresses {
  return {
    ...at,
    index: through(at.index),
    registry: through(at.registry),
    github: through(at.github),
    bucket: { ...at.bucket, endpoint: through(at.bucket.endpoint) }
  }
}
