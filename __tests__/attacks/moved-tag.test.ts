import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { prove } from '../../src/stages/prove.ts'
import { refusalOf } from '../real/source/git-project.ts'
import { buildRelease, makeRelease, type TestRelease } from '../real/support/release.ts'
import { marker } from './harness/attack.ts'
import { miniProject } from './harness/packages.ts'
import { buildPlainly, firedFrom } from './harness/plain.ts'
import { movedTag } from './moved-tag.ts'

describe(movedTag.title, () => {
  let release: TestRelease
  let innocent: string

  beforeAll(async () => {
    release = await makeRelease(await miniProject('tag', { files: { 'victim_tag/more.py': marker('tag') } }))
    await buildRelease(release)
    await release.project.write({ 'victim_tag/more.py': '' })
    innocent = await release.project.commit('Innocent')
  })
  afterAll(() => release.remove())

  it('by python -m build, the package of the first commit runs the marker', async () => {
    expect(await firedFrom(release, await buildPlainly(release))).toEqual(['tag'])
  })

  it('where nobody looks at the tag again, it is proven, and the marker runs from what would be shipped', async () => {
    expect((await prove(release.context, { ownPlan: true })).verdict).toBe('proven')
    expect(await firedFrom(release, release.context.out.packages)).toEqual(['tag'])
  })

  describe('by Tagproof it is refused, whoever made the plan', () => {
    it.each(movedTag.moves.map((move) => [move.how, move] as const))('%s', async (_, { move, code }) => {
      await move(release.project, innocent)
      for (const ownPlan of [false, true])
        expect((await refusalOf(prove(release.context, { ownPlan }))).code).toBe(code)
    })
  })
})
