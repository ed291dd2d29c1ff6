import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { seeded } from '../../../support/seeded.ts'
import { whole } from '../../../support/whole.ts'
import { applies, faultKinds, type FaultKind, type FaultProxy } from '../../support/pypi/fault-proxy.ts'
import { judgeFault } from './faults.ts'
import { makeBench, openServers, publishOnce, type Bench } from './rig.ts'

/**
 * Every request of a publication to all kinds of destination × every kind of fault; `npm test` takes one request for each. The index alone
 * has a matrix of its own (`faults/`), with tokens and attestations.
 */

const kinds = Object.keys(faultKinds) as FaultKind[]
const random = seeded(1129)
let bench: Bench
let requests: FaultProxy['seen']

beforeAll(async () => {
  bench = await makeBench()
  const servers = await openServers(bench)
  const { error, seen } = await publishOnce(servers, bench.release, { fault: 'none' })
  await servers.close()
  expect(error).toBeNull()
  requests = seen
})
afterAll(() => bench.remove())

function chosen(kind: FaultKind): number[] {
  const numbers = [...requests.keys()].filter((at) =>
    applies(kind, requests[at] ?? { line: '', bytes: 0, file: null })
  )
  return whole ? numbers : [numbers[Math.floor(random() * numbers.length)] ?? 0]
}

describe('whatever happens to one request, users see the release before or this one, and the next run completes it', () => {
  it.each(kinds)(
    '%s',
    async (kind) => {
      const broken: string[] = []
      for (const request of chosen(kind)) broken.push(...(await judgeFault(bench, { kind, request })).broken)
      expect(broken).toEqual([])
    },
    7_200_000
  )
})
