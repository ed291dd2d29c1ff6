import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Proof } from '../../../src/documents/proof.ts'
import { makeRelease, type TestRelease } from '../../real/support/release.ts'
import type { Attack, Scene, Variant } from './attack.ts'
import { expectedLines, refusals, throughTheGate, withTheCheckOff } from './gate.ts'
import { buildPlainly, firedFrom } from './plain.ts'

/** Each variant three ways: with the ecosystem's own tool, through Tagproof, and with the check switched off. */
export function attackSuite(attack: Attack): void {
  describe(attack.title, () => {
    for (const scene of attack.scenes) describe(scene.name, () => sceneSuite(scene))
  })
}

function sceneSuite(scene: Scene): void {
  let release: TestRelease
  let plain: string[]
  let proof: Proof
  const variants = scene.variants.map((variant): [string, Variant] => [variant.how, variant])

  beforeAll(async () => {
    release = await makeRelease(scene.files)
  })
  afterAll(() => release.remove())

  describe('by python -m build, the package runs the marker', () => {
    beforeAll(async () => {
      plain = await firedFrom(release, await buildPlainly(release), scene.from)
    })
    it.each(variants)('%s', (_, { name }) => expect(plain).toContain(name))
  })

  describe('by Tagproof it is refused, with code and member', () => {
    beforeAll(async () => {
      proof = await throughTheGate(release)
    })
    it.each(variants)('%s', (_, { reported }) => {
      expect(proof.verdict).toBe('refused')
      expect(refusals(proof)).toEqual(expect.arrayContaining(expectedLines(reported)))
      for (const finding of proof.findings)
        if (finding.severity === 'refuse') expect(finding.fix).not.toBeNull()
    })
    it('and nothing honest beside it', () =>
      expect(refusals(proof)).toEqual(expectedLines(scene.variants.flatMap(({ reported }) => reported))))
  })

  it('with the check switched off, each marker runs from the package that would be shipped', async () => {
    const off = await withTheCheckOff(release, scene)
    expect(refusals(off)).toEqual([])
    expect(off.verdict).toBe('proven')
    const fired = await firedFrom(release, release.context.out.packages, scene.from)
    expect(fired).toEqual(scene.variants.map(({ name }) => name).sort())
  })
}
