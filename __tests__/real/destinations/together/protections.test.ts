import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { makeBench, openServers, publishOnce, type Bench, type Change } from './rig.ts'
import type { Servers } from './servers.ts'
import { judgeEnd, judgeOrder, viewOf } from './violations.ts'

/** What the order over all destinations and the look afterwards are good for: without them the judges of the matrix speak. */

let bench: Bench
let servers: Servers
let broken: string[]
const tell = (what: string): void => void broken.push(what)

beforeAll(async () => {
  bench = await makeBench()
})
afterAll(() => bench.remove())
beforeEach(async () => {
  broken = []
  servers = await openServers(bench)
})
afterEach(() => servers.close())

/** A bucket that is nearly full, which nothing tells before a file comes that is larger than the rest of it. */
const isNearlyFull = (): void => {
  servers.bucket.options.quota = [...servers.bucket.objects.values()].reduce(
    (sum, { bytes }) => sum + bytes.length,
    300
  )
}

/** Moves the names of an image as soon as it has the image, as `docker push --all-tags` does. */
const movesAtOnce: Change = (destination) =>
  destination.name !== 'registry'
    ? destination
    : {
        ...destination,
        commit: async (missing, onWritten) => {
          await destination.commit(missing, onWritten)
          const names = (await destination.moving?.state()) ?? []
          await destination.moving?.move(
            names.map(({ name }) => name),
            () => Promise.resolve()
          )
        }
      }

/** Takes the word of each server. */
const believes: Change = (destination) => ({
  ...destination,
  readBack: () =>
    Promise.resolve(destination.artifacts.map(({ name, sha256 }) => ({ name, sha256, checks: [] })))
})

describe('names move once everybody has the release', () => {
  it.each<[string, Change | undefined, string[]]>([
    ['so a bucket that is full leaves them where they were', undefined, []],
    [
      'moved at once, they stand for a release that is not whole',
      movesAtOnce,
      ['registry: a name was moved, and files is not whole']
    ]
  ])('%s', async (_, change, expected) => {
    isNearlyFull()
    const { error } = await publishOnce(servers, bench.release, change === undefined ? {} : { change })
    expect(error).toMatchObject({ code: 'disk-full' })
    const view = await viewOf(servers, bench, tell)
    expect([view.pypi.files, view.files.files, view.github.files]).toEqual(['all', 'none', 'none'])
    judgeOrder(view, tell)
    expect(broken).toEqual(expected)
  })
})

describe('what was published is read back', () => {
  it('a server that keeps nothing is noticed; taken by its word, it is not', async () => {
    const other = await openServers(bench)
    const { seen } = await publishOnce(other, bench.release, { fault: 'none' })
    await other.close()
    const request = seen.findLastIndex(({ line }) => line === 'POST /legacy/')
    const fault = { kind: 'false-success', request } as const
    const { error } = await publishOnce(servers, bench.release, { fault })
    expect(error).toMatchObject({ code: 'readback-missing' })
    const again = await openServers(bench)
    const ended = await publishOnce(again, bench.release, { fault, change: believes })
    judgeEnd(ended, await viewOf(again, bench, tell), tell)
    await again.close()
    expect(broken).toEqual(['called complete, and is not'])
  })
})
