import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { inSample } from '../../../support/whole.ts'
import { applies, faultKinds, type FaultKind, type FaultProxy } from '../../support/pypi/fault-proxy.ts'
import { judgeFault } from './faults.ts'
import { makeBench, openServers, publishOnce, type Bench } from './rig.ts'

/**
 * Every request of a publication to all kinds of destination × every kind of fault; `npm test` takes one in forty. The index alone
 * has a matrix of its own (`faults/`), with tokens and attestations.
 */

const kinds = Object.keys(faultKinds) as FaultKind[]
const oneIn = 40
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

describe('whatever happens to one request, users see the release before or this one, and the next run completes it', () => {
  it.each(kinds)(
    '%s',
    async (kind) => {
      const broken: string[] = []
      for (const [request, seen] of requests.entries())
        if (applies(kind, seen) && inSample(`${kind} ${request}`, oneIn))
          broken.push(...(await judgeFault(bench, { kind, request })).broken)
      expect(broken).toEqual([])
    },
    1_200_000
  )
})
