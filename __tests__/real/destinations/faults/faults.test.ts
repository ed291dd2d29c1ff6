import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { selfSigned } from '../../support/pypi/certificate.ts'
import { applies, faultKinds, type FaultKind, type FaultProxy } from '../../support/pypi/fault-proxy.ts'
import { pipGets } from '../../support/pypi/judge.ts'
import { inSample } from '../../../support/whole.ts'
import { attestWith } from '../../support/pypi/test-attest.ts'
import { publishingTools } from '../../support/pypi/tools.ts'
import { makeBench, openIndex, publishOnce, type Bench, type Mode } from './rig.ts'
import { judgeFault } from './violations.ts'

/** Every request of a good publication × every kind of fault; `npm test` takes one in three. */

const modes: Record<string, Mode & { only: RegExp }> = {
  'trusted publishing, with attestations': { trusted: true, attest: attestWith(selfSigned()), only: /./ },
  // All other requests are the same, byte for byte.
  'trusted publishing, without': { trusted: true, attest: null, only: /^POST \/legacy\// }
}
const kinds = Object.keys(faultKinds) as FaultKind[]
/** Each set of files that users could see after a fault, and how often. */
const seen = new Map<string, number>()
let bench: Bench

beforeAll(async () => {
  bench = await makeBench()
})
afterAll(() => bench.close())

describe.each(Object.entries(modes))('%s', (name, mode) => {
  let requests: FaultProxy['seen']

  beforeAll(async () => {
    const index = await openIndex(bench)
    const { error, seen: sent } = await publishOnce(bench, index, mode, 'none')
    expect(error).toBeNull()
    requests = sent
    // Again: nothing is sent, and nothing is minted.
    const before = index.requests.length
    const again = await publishOnce(bench, index, mode)
    expect(again.publication?.artifacts.map(({ written }) => written)).toEqual(['no', 'no', 'no'])
    expect(index.requests.slice(before).filter(({ method }) => method !== 'GET')).toEqual([])
    await index.close()
  })

  it('a good publication asks for a token, sends three files, and burns the token', () => {
    const count = (wanted: string): number => requests.filter(({ line }) => line === wanted).length
    expect(count('POST /legacy/')).toBeGreaterThanOrEqual(3)
    expect(count('POST /_/oidc/mint-token')).toBe(count('POST /_/oidc/burn-token'))
    expect(requests.filter(({ line }) => line.includes('/provenance')).length).toBe(
      mode.attest === null ? 0 : 3
    )
  })

  it.each(kinds)('%s', async (kind) => {
    for (const [request, line] of requests.entries()) {
      if (!applies(kind, line) || !mode.only.test(line.line)) continue
      if (!inSample(`${name} ${kind} ${request}`, 3)) continue
      const { files, broken } = await judgeFault(bench, mode, { kind, request })
      expect(broken).toEqual([])
      seen.set(files.join(), (seen.get(files.join()) ?? 0) + 1)
    }
  })
})

it('pip, with the hashes of the release, gets the release in every state that was seen, or nothing', async () => {
  await publishingTools()
  const sizes = [...seen.keys()].map((files) => files.split(',').filter(Boolean).length)
  expect(new Set(sizes)).toEqual(new Set([0, 1, 2, 3]))
  const scratch = await mkdtemp(path.join(tmpdir(), 'tagproof-pip-'))
  for (const state of seen.keys()) {
    const index = await openIndex(bench)
    const { project, version, bytes } = bench.release
    const names = state.split(',').filter(Boolean)
    for (const name of names) index.put(project, version, name, bytes.get(name) ?? Buffer.alloc(0))
    expect([state, await pipGets(index.simpleUrl, bench.release, scratch)]).toEqual([state, names.length > 0])
    await index.close()
  }
  await rm(scratch, { recursive: true })
})
