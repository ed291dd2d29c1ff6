import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { seeded } from '../../../support/seeded.ts'
import { sampled } from '../../../support/whole.ts'
import { judgeKill, type Moment } from './killed.ts'
import { makeBench, openServers, publishOnce, type Bench } from './rig.ts'

const kills = sampled(200, 8)
let bench: Bench
let requests = 0
let compiled: string

beforeAll(async () => {
  bench = await makeBench()
  compiled = await mkdtemp(path.join(tmpdir(), 'tagproof-compiled-'))
  const servers = await openServers(bench)
  requests = (await publishOnce(servers, bench.release, { fault: 'none' })).seen.length
  await servers.close()
})
afterAll(async () => {
  await bench.remove()
  await rm(compiled, { recursive: true, force: true })
})

it(`SIGKILL at ${kills} moments: users see the release before or this one, and the next run completes it, once`, async () => {
  const random = seeded(20261129)
  const broken: string[] = []
  const seen = new Set<string>()
  let killed = 0
  for (let kill = 0; kill < kills; kill += 1) {
    const at = (['came', 'served', 'later'] as const)[Math.floor(random() * 3)] ?? 'later'
    const moment: Moment = { request: Math.floor(random() * requests), at, wait: random() * 20 }
    const judged = await judgeKill(bench, moment, compiled)
    broken.push(...judged.broken)
    if (judged.killed) killed += 1
    seen.add(
      Object.values(judged.view)
        .map(({ files, name }) => `${files} ${name ?? ''}`)
        .join()
    )
  }
  expect(broken).toEqual([])
  expect(killed).toBeGreaterThan(kills / 2)
  expect(seen.size).toBeGreaterThan(1)
}, 7_200_000)
