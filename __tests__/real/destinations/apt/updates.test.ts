import { afterEach, describe, expect, it } from '@jest/globals'
import { setImmediate as turn } from 'node:timers/promises'
import type { CheckedSigner } from '../../../../src/destinations/apt/checked-signer.ts'
import { entryOf, type PackageEntry } from '../../../../src/destinations/apt/packages.ts'
import { changeSuite, type SuiteWriter } from '../../../../src/destinations/apt/suite-writing.ts'
import type { Store } from '../../../../src/destinations/stores/store.ts'
import { debFile } from '../../support/apt/deb-release.ts'
import { memory, type Memory } from '../../support/apt/memory-store.ts'
import { aptReader, serveFiles, type AptReader, type FileServer } from '../../support/apt/reader.ts'
import { steppingTime, testSigner } from '../../support/apt/repository.ts'

const settings = { suite: 'stable', component: 'main', origin: null, label: null }
const begin = Math.floor(Date.now() / 1000) - 30 * 86_400
const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

const entry = (at: number): PackageEntry =>
  entryOf(
    debFile(
      { package: `package-${at}`, version: '1', architecture: 'all', source: 'x' },
      Buffer.from(`${at}`)
    ),
    'main'
  )

interface Updated {
  memory: Memory
  signer: CheckedSigner
  /** One more release: a package comes, and of many the oldest goes, so that each state differs from all others. */
  update: (store?: Store) => Promise<void>
  count: () => number
}

async function repository(): Promise<Updated> {
  const signer = await testSigner(begin)
  const place = memory()
  const time = steppingTime(begin)
  const usual = place.open()
  let count = 0
  async function update(store = usual): Promise<void> {
    const writer: SuiteWriter = { store, signer, trusted: signer.trusted, ...time }
    const added = entry((count += 1))
    await changeSuite(writer, settings, (content) => [...(content?.entries ?? []).slice(-20), added])
  }
  await update()
  return { memory: place, signer, update, count: () => count }
}

async function reading(
  { memory: place, signer }: Updated,
  before?: (key: string) => Promise<void>,
  hidden?: (key: string) => boolean
): Promise<{ reader: AptReader; server: FileServer }> {
  const server = await serveFiles(place.files, before, hidden)
  const reader = await aptReader({ url: server.url, key: signer.publicKey })
  opened.push(server.close, reader.remove)
  return { reader, server }
}

const update = ['update', '--error-on=any']
const fine = { status: 0, output: expect.not.stringMatching(/^[WE]:/m) as unknown }

describe('a reader in the middle of updates', () => {
  it('sees a consistent state each time, during a thousand of them', async () => {
    const states = await repository()
    const { reader, server } = await reading(states)
    const stop = { now: false }
    const failures: string[] = []
    let reads = 0
    const readAll = (async () => {
      while (!stop.now) {
        const { status, output } = await reader.apt(update)
        reads += 1
        if (status !== 0 || /^[WE]:/m.test(output)) failures.push(output)
      }
    })()
    while (states.count() < 1000 || reads < 10) {
      await states.update()
      await turn()
    }
    stop.now = true
    await readAll
    expect(failures).toEqual([])
    expect(server.asked.filter((key) => key.includes('/by-hash/')).length).toBeGreaterThanOrEqual(10)
  })

  it('and one after each of its requests', async () => {
    const states = await repository()
    const { reader, server } = await reading(states, () => states.update())
    for (let read = 0; read < 5; read += 1) expect(await reader.apt(update)).toEqual(fine)
    expect(states.count()).toBeGreaterThan(10)
    expect(server.asked.filter((key) => key.endsWith('InRelease'))).toHaveLength(5)
  })

  it('would not without indexes by hash', async () => {
    const states = await repository()
    const hidden = (key: string): boolean => key.includes('/by-hash/')
    const { reader } = await reading(states, () => states.update(), hidden)
    const { status, output } = await reader.apt(update)
    expect([status, output]).toEqual([100, expect.stringMatching(/unexpected size|Hash Sum mismatch/)])
  })

  it('would not if InRelease came before them', async () => {
    const states = await repository()
    const { reader } = await reading(states)
    expect(await reader.apt(update)).toEqual(fine)
    const late = states.memory.open()
    const waiting: (() => Promise<unknown>)[] = []
    const outOfOrder: Store = {
      ...late,
      create: (key, body) => {
        waiting.push(() => late.create(key, body))
        return Promise.resolve('created')
      },
      replace: async (key, body, version) => {
        const done = await late.replace(key, body, version)
        if (!key.endsWith('/InRelease')) return done
        const { status, output } = await reader.apt(update)
        expect([status, output]).toEqual([100, expect.stringMatching(/unexpected size|Hash Sum mismatch/)])
        for (const create of waiting) await create()
        return done
      }
    }
    await states.update(outOfOrder)
    expect(await reader.apt(update)).toEqual(fine)
    expect.assertions(3)
  })
})
