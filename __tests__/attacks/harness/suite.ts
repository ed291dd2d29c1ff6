import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import path from 'node:path'
import type { Proof } from '../../../src/documents/proof.ts'
import { makeRelease, type TestRelease } from '../../real/support/release.ts'
import type { Attack, Scene, Variant } from './attack.ts'
import { pythonPackages, type Ecosystem } from './ecosystem.ts'
import { builtAlike, expectedLines, messagesOf, refusals, throughTheGate, withChecksOff } from './gate.ts'

/** Each variant three ways: with the ecosystem's own tool, through Tagproof, and with the check switched off. */
export function attackSuite(attack: Attack, ecosystem: Ecosystem = pythonPackages): void {
  describe(attack.title, () => {
    for (const scene of attack.scenes) describe(scene.name, () => sceneSuite(scene, ecosystem))
  })
}

type Case = [how: string, variant: Variant]

function sceneSuite(scene: Scene, { tool, target, lock, build, fired }: Ecosystem): void {
  let release: TestRelease
  let plain: string[]
  let proof: Proof
  const cases = scene.variants.map((variant): Case => [variant.how, variant])
  const refused = cases.filter(([, { reported }]) => reported.length > 0)
  const held = cases.filter(([, { reported }]) => reported.length === 0)
  const reports = [...scene.variants.flatMap(({ reported }) => reported), ...(scene.beside ?? [])]
  const namesOf = (some: readonly Case[]): string[] => some.map(([, { name }]) => name).sort()

  beforeAll(async () => {
    release = await makeRelease(typeof scene.files === 'function' ? await scene.files() : scene.files)
    await scene.arrange?.(release.project)
  })
  afterAll(() => release.remove())

  describe(`by ${tool}, the package runs the marker`, () => {
    beforeAll(async () => {
      const folder = await build(release)
      await scene.alter?.(release, folder)
      plain = await fired(release, folder, scene.from)
    })
    it.each(cases)('%s', (_, { name }) => expect(plain).toContain(name))
  })

  describe('by Tagproof', () => {
    beforeAll(async () => {
      proof = await throughTheGate(release, lock, scene.alter)
    })
    if (refused.length > 0)
      it.each(refused)('it is refused, with code and member: %s', (_, { reported }) => {
        expect(proof.verdict).toBe('refused')
        expect(refusals(proof)).toEqual(expect.arrayContaining(expectedLines(reported)))
        for (const report of reported)
          for (const message of messagesOf(proof, report)) expect(message).toContain(report.says ?? '')
        for (const { severity, fix } of proof.findings) if (severity === 'refuse') expect(fix).not.toBeNull()
      })
    it('nothing honest is refused beside it', () =>
      expect(refusals(proof)).toEqual(expectedLines([...reports, ...(scene.follows ?? [])])))
  })

  const checks = new Set(reports.map(({ check }) => check === 'reproduced'))
  if (checks.size > 1)
    it.each<[string, boolean]>([
      ['the worlds alone would do', true],
      ['tracing alone would do', false]
    ])('%s', async (_, worlds) => {
      const half = await withChecksOff(release, scene, { variations: !worlds, findings: worlds })
      const seen = reports.filter(({ check }) => (check === 'reproduced') === worlds)
      expect(refusals(half)).toEqual(expectedLines([...seen, ...(worlds ? (scene.follows ?? []) : [])]))
    })

  if (scene.unreadable) {
    it('with the reading switched off, bytes are compared alone, and each marker runs from what would be shipped', async () => {
      expect(await builtAlike(release)).toBe(true)
      const folder = path.join(release.context.out.build('a'), target)
      expect(await fired(release, folder, scene.from)).toEqual(namesOf(cases))
    })
    return
  }

  it('with the check switched off, each marker runs from the package that would be shipped', async () => {
    await scene.open?.(release)
    const off = await withChecksOff(release, scene, { variations: true, findings: true })
    expect(refusals(off)).toEqual([])
    expect(off.verdict).toBe('proven')
    const shipped = await fired(release, release.context.out.packages, scene.from)
    expect(shipped).toEqual(namesOf(scene.open === undefined ? refused : cases))
    if (scene.open === undefined) for (const name of namesOf(held)) expect(shipped).not.toContain(name)
  })
}
