import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { makeBench, openServers, publishOnce, type Bench } from './rig.ts'
import type { Servers } from './servers.ts'
import { isWhole, judgeOrder, judgeRecord, viewOf } from './violations.ts'

let bench: Bench
let servers: Servers
const broken: string[] = []
const tell = (what: string): void => void broken.push(what)

beforeAll(async () => {
  bench = await makeBench()
})
afterAll(() => bench.remove())
beforeEach(async () => {
  broken.length = 0
  servers = await openServers(bench)
})
afterEach(() => servers.close())

describe('one release to every kind of destination', () => {
  it('is whole for everybody, and stands for itself everywhere', async () => {
    const { error, publication, seen } = await publishOnce(servers, bench.release, {
      fault: 'none',
      apt: true
    })
    expect(error).toBeNull()
    expect(publication?.receipt.complete).toBe(true)
    expect(seen.length).toBeGreaterThan(30)
    const view = await viewOf(servers, bench, tell)
    expect(isWhole(view)).toBe(true)
    judgeOrder(view, tell)
    await judgeRecord(servers, tell)
    expect(broken).toEqual([])
  })

  it('asks all before the first write, writes in order, and again writes nothing', async () => {
    const { seen } = await publishOnce(servers, bench.release, { fault: 'none' })
    expect(seen).not.toEqual([])
    const before = await servers.writes()
    const again = await publishOnce(servers, bench.release)
    expect(again.error).toBeNull()
    expect(again.publication?.artifacts.every(({ written }) => written === 'no')).toBe(true)
    expect(again.publication?.names.every(({ outcome }) => outcome === 'no')).toBe(true)
    expect(await servers.writes()).toEqual(before)
  })
})
