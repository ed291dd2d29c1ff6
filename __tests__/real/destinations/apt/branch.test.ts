import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { aptDestination } from '../../../../src/destinations/apt/destination.ts'
import type { Destination } from '../../../../src/destinations/destination.ts'
import { noJournal } from '../../../../src/destinations/journal.ts'
import { runPublication, type Publication } from '../../../../src/destinations/publication.ts'
import { gitStore } from '../../../../src/destinations/stores/git/git-store.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import { makeDebRelease, type DebRelease } from '../../support/apt/deb-release.ts'
import { aptReader } from '../../support/apt/reader.ts'
import {
  listedIn,
  requestOf,
  steppingTime,
  testSigner,
  type TestRepository
} from '../../support/apt/repository.ts'
import { makeBareRepository, type BareRepository } from '../../support/git/bare.ts'

const branch = 'gh-pages'
const begin = Math.floor(Date.now() / 1000) - 30 * 86_400
let remote: BareRepository
let base: Pick<TestRepository, 'folder' | 'signer' | 'time'>
const releases: DebRelease[] = []
beforeEach(async () => {
  remote = await makeBareRepository()
  base = { folder: '/', signer: await testSigner(begin), time: steppingTime(begin) }
})
afterEach(async () => {
  for (const release of releases.splice(0)) await release.remove()
  await remote.remove()
})

async function made(options: Parameters<typeof makeDebRelease>[0]): Promise<DebRelease> {
  const release = await makeDebRelease(options)
  releases.push(release)
  return release
}

/** @param beforePush is awaited between the last look at the branch and the first push */
function destinationOf(
  release: DebRelease,
  beforePush = (): Promise<void> => Promise.resolve()
): Destination {
  const place = { address: remote.folder, token: undefined, environment: {} }
  const store = gitStore({ remote: place, branch, path: '', time: begin, pauses: [] })
  let first = true
  const flush = async (message: string): Promise<'done' | 'raced'> => {
    if (first) await beforePush()
    first = false
    return store.flush(message)
  }
  return aptDestination({
    ...requestOf(base, release),
    store: { ...store, flush },
    message: `Release ${release.version}`
  })
}

const publish = (release: DebRelease, destination = destinationOf(release)): Promise<Publication> =>
  runPublication({
    release: { tag: 'v1', version: release.version, sha256: sha256OfBytes('x') },
    destinations: [destination],
    journal: noJournal(),
    log: silentLog
  })

const commits = async (): Promise<string[]> =>
  (await remote.git('log', '--reverse', '--format=%s', branch)).trim().split('\n')

it('a branch gets one commit for a release of two suites; two at the same moment lose nothing, and apt reads them', async () => {
  const [first, second] = [await made({ version: '1.0' }), await made({ version: '1.2' })]
  await publish(
    first,
    destinationOf(first, async () => {
      await publish(second)
    })
  )
  expect(await commits()).toEqual(['Release 1.2', 'Release 1.0'])
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-pages-'))
  await remote.git(`--work-tree=${folder}`, 'checkout', '--force', branch, '--', '.')
  for (const suite of ['stable', 'testing'])
    expect((await listedIn(folder, suite))['tiny-demo']).toEqual(['1.0', '1.2'])
  const reader = await aptReader({ url: `copy:${folder}`, key: base.signer.publicKey })
  const { status, output } = await reader.apt(
    ['update', '--error-on=any'],
    ['download', 'tiny-demo', 'libtiny-demo=1.0']
  )
  expect([status, output, await reader.downloads()]).toEqual([
    0,
    expect.not.stringMatching(/^[WE]:/m),
    ['libtiny-demo_1.0_amd64.deb', 'tiny-demo_1.2_all.deb']
  ])
  await reader.remove()
  await rm(folder, { recursive: true, force: true })
})

it('and of two that take the same place in it the second is refused', async () => {
  const [twin, honest] = [await made({ text: 'twin' }), await made({})]
  const raced = publish(
    twin,
    destinationOf(twin, async () => {
      await publish(honest)
    })
  )
  await expect(raced).rejects.toMatchObject({ code: 'destination-different' })
  expect(await commits()).toHaveLength(1)
  expect(Object.values(await remote.content(branch)).join('')).not.toContain('twin')
})
