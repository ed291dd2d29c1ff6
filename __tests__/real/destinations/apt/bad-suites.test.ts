import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { AptRequest } from '../../../../src/destinations/apt/destination.ts'
import { aptDestination } from '../../../../src/destinations/apt/destination.ts'
import { runPublication } from '../../../../src/destinations/publication.ts'
import { noJournal } from '../../../../src/destinations/journal.ts'
import { TagproofError } from '../../../../src/platform/errors.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import { makeDebRelease, type DebRelease } from '../../support/apt/deb-release.ts'
import { memory, type Memory } from '../../support/apt/memory-store.ts'
import { aptReader, serveFiles } from '../../support/apt/reader.ts'
import { requestOf, steppingTime, testSigner, type TestRepository } from '../../support/apt/repository.ts'

const begin = Math.floor(Date.now() / 1000) - 30 * 86_400
let place: Memory
let base: Pick<TestRepository, 'folder' | 'signer' | 'time'>
let first: DebRelease
let second: DebRelease

beforeEach(async () => {
  place = memory()
  base = { folder: '/', signer: await testSigner(begin), time: steppingTime(begin) }
  first = await makeDebRelease({ version: '1.0' })
  second = await makeDebRelease({ version: '2.0' })
})
afterEach(async () => {
  await first.remove()
  await second.remove()
})

const requested = (release: DebRelease, changes: Partial<AptRequest> = {}): AptRequest => ({
  ...requestOf(base, release),
  store: place.open(),
  ...changes
})

async function publish(release: DebRelease, changes: Partial<AptRequest> = {}): Promise<void> {
  await runPublication({
    release: { tag: 'v1', version: release.version, sha256: sha256OfBytes('x') },
    destinations: [aptDestination(requested(release, changes))],
    journal: noJournal(),
    log: silentLog
  })
}

/** What a reader of the suite gets, by the places of its files. */
const shown = (): Map<string, string> =>
  new Map([...place.files].map(([key, bytes]) => [key, sha256OfBytes(bytes)]))

/** Publishes, and holds that nothing at all was written. */
async function refusal(release: DebRelease, changes: Partial<AptRequest> = {}): Promise<TagproofError> {
  const before = shown()
  const error: unknown = await publish(release, changes).catch((thrown: unknown) => thrown)
  if (!(error instanceof TagproofError)) throw new Error(`it was not refused: ${String(error)}`)
  expect(shown()).toEqual(before)
  return error
}

const inRelease = 'dists/stable/InRelease'
const text = (key: string): string => place.files.get(key)?.toString() ?? ''
const edit = (key: string, change: (text: string) => string): unknown =>
  place.files.set(key, Buffer.from(change(text(key))))

describe('a suite is refused, and nothing is written', () => {
  beforeEach(() => publish(first))

  it('that another key has signed', async () => {
    const error = await refusal(second, { signer: await testSigner(begin) })
    expect([error.code, error.message]).toEqual([
      'suite-refused',
      expect.stringContaining('another public key')
    ])
    // Without the key beside it, by its signature.
    place.files.delete('key.asc')
    const bare = await refusal(second, { signer: await testSigner(begin) })
    expect([bare.code, bare.detail.found]).toEqual([
      'suite-refused',
      expect.stringContaining('none of the trusted keys')
    ])
  })

  it('that was edited, is another suite, has two texts, or is not signed', async () => {
    const whole = text(inRelease)
    for (const change of [
      (signed: string) => signed.replace('Suite: stable', 'Suite: stably'),
      () => text('dists/testing/InRelease'),
      (signed: string) => `${signed}${signed}`,
      (signed: string) => `Suite: stable\n${signed}`,
      (signed: string) => signed.slice(0, signed.indexOf('-----BEGIN PGP SIGNATURE')),
      () => text('dists/stable/Release'),
      () => '',
      () => '\0\xff'.repeat(100)
    ]) {
      edit(inRelease, change)
      expect((await refusal(second)).code).toBe('suite-refused')
      place.files.set(inRelease, Buffer.from(whole))
    }
    await publish(second)
  })

  it('whose older InRelease was put back', async () => {
    const old = place.files.get(inRelease) ?? Buffer.alloc(0)
    await publish(second)
    const newest = place.files.get(inRelease) ?? Buffer.alloc(0)
    place.files.set(inRelease, old)
    const third = await makeDebRelease({ version: '3.0' })
    const error = await refusal(third)
    expect([error.code, error.message]).toEqual(['suite-refused', expect.stringContaining('older state')])
    expect(error.detail.found).not.toBe(error.detail.expected)
    // And one that was taken away.
    place.files.delete(inRelease)
    expect((await refusal(third)).detail.found).toContain('without InRelease')
    place.files.set(inRelease, newest)
    await publish(third)
    await third.remove()
  })

  it('whose index is not the one that is signed', async () => {
    const index = 'main/binary-amd64/Packages'
    const hash = new RegExp(`([0-9a-f]{64}) \\d+ ${index}$`, 'm').exec(text(inRelease))?.[1] ?? ''
    const byHash = `dists/stable/main/binary-amd64/by-hash/SHA256/${hash}`
    const whole = text(byHash)
    edit(byHash, (packages) => packages.replace('Version: 1.0', 'Version: 9.0'))
    // Where one of two is right, it is taken.
    edit(`dists/stable/${index}`, () => '')
    expect((await refusal(second)).detail.found).toContain('another hash')
    place.files.set(`dists/stable/${index}`, Buffer.from(whole))
    const error = await publish(second, { suites: [{ suite: 'stable', debs: second.debs }] }).catch(
      (thrown: unknown) => thrown
    )
    expect(error).toBeUndefined()
  })

  it('that is of the future, or would change its origin', async () => {
    const later = await makeDebRelease({ version: '3.0' })
    await publish(later, { time: steppingTime(begin + 100_000) })
    expect((await refusal(second)).detail.found).toContain('in the future')
    await publish(second, { time: steppingTime(begin + 100_000) })
    await later.remove()
    const error = await refusal(first, { origin: 'Someone', time: steppingTime(begin + 200_000) })
    expect([error.code, error.detail.found]).toEqual(['suite-refused', 'no origin'])
  })

  it('with the same version of other bytes: in the pool, or only in the index', async () => {
    const other = await makeDebRelease({ version: '1.0', text: 'other' })
    expect((await refusal(other)).code).toBe('destination-different')
    for (const key of place.files.keys()) if (key.startsWith('pool/')) place.files.delete(key)
    const error = await refusal(other)
    expect(error.code).toBe('destination-different')
    await other.remove()
  })
})

it('what an attacker who may write everything can do: put the whole of an older state back', async () => {
  await publish(first)
  const old = new Map(place.files)
  await publish(second)
  for (const [key, bytes] of old) place.files.set(key, bytes)
  const third = await makeDebRelease({ version: '3.0' })
  await publish(third)
  // Nothing signed tells of the state between; readers who had it pass the old one over, for its date does not grow back.
  expect(text('dists/stable/main/binary-amd64/Packages')).not.toContain('Version: 2.0')
  await third.remove()
})

describe('whenever a release is cut off', () => {
  /** Fails from the write with this number on, as a process that was killed does, or a store that is full. */
  function cutStore(at: number): ReturnType<Memory['open']> {
    let writes = 0
    return place.open(() => {
      writes += 1
      if (writes >= at) throw new TagproofError('disk-full', 'There is no room.')
    })
  }

  it('a reader sees the state before or the new one, and a rerun completes it', async () => {
    await publish(first)
    const before = new Map(place.files)
    const server = await serveFiles(place.files)
    const reader = await aptReader({ url: server.url, key: base.signer.publicKey })
    const seen: string[] = []
    let cuts = 0
    for (let at = 1; ; at += 1) {
      place.files.clear()
      for (const [key, bytes] of before) place.files.set(key, bytes)
      const done = await publish(second, { store: cutStore(at) }).then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'disk-full' })
          return false
        }
      )
      if (done) break
      cuts += 1
      const { status, output } = await reader.apt(
        ['update', '--error-on=any'],
        ['install', '--print-uris', '--yes', 'tiny-demo']
      )
      expect([at, status, output]).toEqual([at, 0, expect.not.stringMatching(/^[WE]:/m)])
      seen.push(/tiny-demo_([0-9.]+)_all/.exec(output)?.[1] ?? '')
      await publish(second)
      expect(text('dists/stable/Release')).toContain(
        text(inRelease)
          .split('\n')
          .find((line) => line.startsWith('Date:'))
      )
      expect(text('dists/stable/main/binary-amd64/Packages')).toContain('Version: 2.0')
      expect(text('dists/testing/main/binary-amd64/Packages')).toContain('Version: 2.0')
    }
    // Two debs; of a suite its indexes by hash, InRelease, the indexes, Release and its signature: one has two
    // indexes, the other, where all is for all architectures, twice as many.
    expect(cuts).toBe(2 + (2 + 1 + 2 + 2) + (4 + 1 + 4 + 2))
    expect(seen).toEqual([...seen].sort())
    expect(new Set(seen)).toEqual(new Set(['1.0', '2.0']))
    await reader.remove()
    await server.close()
  })

  it('a signer that fails half-way leaves the suite as it was', async () => {
    await publish(first)
    const before = text(inRelease)
    let signatures = 0
    const failing = {
      ...base.signer,
      sign: (release: string, date: number) => {
        signatures += 1
        if (signatures === 2) throw new TagproofError('signing-failed', 'No quota.')
        return base.signer.sign(release, date)
      }
    }
    await expect(publish(second, { signer: failing })).rejects.toMatchObject({ code: 'signing-failed' })
    expect(text(inRelease)).not.toBe(before)
    expect(text('dists/testing/main/binary-amd64/Packages')).not.toContain('Version: 2.0')
    await publish(second)
    expect(text('dists/testing/main/binary-amd64/Packages')).toContain('Version: 2.0')
  })
})

it('releases at the same moment lose nothing', async () => {
  const releases = await Promise.all(
    Array.from({ length: 8 }, (_, at) => makeDebRelease({ project: `tiny-${at}`, version: `1.${at}` }))
  )
  // Everybody reads before anybody writes: all but one lose the first race.
  let waiting: (() => void)[] = []
  let races = 0
  const together = (): Promise<void> =>
    new Promise((resolve) => {
      races += 1
      waiting.push(resolve)
      if (waiting.length === releases.length) {
        for (const go of waiting) go()
        waiting = []
      }
    })
  const met = new Set<object>()
  await Promise.all(
    releases.map((release) => {
      const store = place.open(async (key) => {
        if (key !== inRelease || met.has(release)) return
        met.add(release)
        await together()
      })
      return publish(release, { store })
    })
  )
  expect(races).toBe(releases.length)
  for (const { project } of releases)
    for (const suite of ['stable', 'testing'])
      expect(text(`dists/${suite}/main/binary-amd64/Packages`)).toContain(`Package: ${project}\n`)
  for (const release of releases) await release.remove()
})
