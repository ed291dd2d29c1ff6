import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { rm } from 'node:fs/promises'
import { objectId } from '../../src/documents/identifiers.ts'
import { build } from '../../src/stages/build.ts'
import { fetch } from '../../src/stages/fetch.ts'
import { plan } from '../../src/stages/plan.ts'
import { scramble, scrambleSeed } from '../../src/worlds/scramble.ts'
import { lockRelease, makeRelease, type TestRelease } from '../real/support/release.ts'
import { proveAgain, refusals } from './harness/gate.ts'
import { miniProject } from './harness/packages.ts'
import { buildPlainly, firedFrom } from './harness/plain.ts'
import { leakFiles, leaking, oneBitLeak } from './one-bit-leak.ts'

const names = oneBitLeak.bits.map(({ name }) => name).sort()
const perturbations = 4

/**
 * Tags the commit again, with other messages, until luck is with the attacker: in world b every bit is that of the true
 * file. In some further noise each bit must be another, or no number of perturbations could tell.
 */
async function tagWithLuck({ project }: TestRelease): Promise<void> {
  const commit = objectId(await project.git('rev-parse', 'HEAD'))
  for (let number = 0; number < 2000; number += 1) {
    await project.git('tag', '-f', '-a', '-m', `Release ${number}`, 'v1.2.3')
    const object = objectId(await project.git('rev-parse', 'refs/tags/v1.2.3'))
    const noise = Array.from({ length: perturbations }, (_, index) =>
      scramble(leaking, 'tests/blob.bin', scrambleSeed({ object, commit }, index))
    )
    const same = (one: Buffer | undefined, name: string): boolean => {
      const bit = oneBitLeak.bits.find((each) => each.name === name)?.bit ?? (() => 0)
      return one !== undefined && bit(one) === bit(leaking)
    }
    if (names.every((name) => same(noise[0], name) && noise.slice(1).some((one) => !same(one, name)))) return
  }
  throw new Error('no tag will do')
}

describe(oneBitLeak.title, () => {
  let release: TestRelease

  beforeAll(async () => {
    release = await makeRelease(await miniProject('bit', leakFiles()))
    await tagWithLuck(release)
    const lock = await lockRelease(release)
    await fetch(release.context, await plan(release.context, { lock }))
    await rm(lock)
  })
  afterAll(() => release.remove())

  it('by python -m build, the package runs each marker', async () => {
    expect(await firedFrom(release, await buildPlainly(release))).toEqual(names)
  })

  it('one scrambled copy may hold the same bits: then both worlds agree, and it gets through', async () => {
    await build(release.context, { worlds: ['a', 'b'] })
    expect((await proveAgain(release)).verdict).toBe('proven')
    expect(await firedFrom(release, release.context.out.packages)).toEqual(names)
  })

  it('with more perturbations it is refused, with the member of each', async () => {
    await build(release.context, { worlds: ['b'], perturbations })
    const refused = refusals(await proveAgain(release)).join('\n')
    for (const { name, bit } of oneBitLeak.bits)
      expect(refused).toContain(
        `uninfluenced/perturbation-differs: wheel victim_bit/${name}_${bit(leaking)}.py`
      )
  })
})
