import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { refusals } from './harness/gate.ts'
import { alteredSuite, honestImages, type HonestImages } from './harness/altered-suite.ts'
import { firedInImages } from './harness/images.ts'
import { alteredProject } from './harness/altered-project.ts'
import { alteredAttacks } from './image-table.ts'

describe('images that are changed between the build and the proof', () => {
  let honest: HonestImages

  beforeAll(async () => {
    honest = await honestImages(await alteredProject(alteredAttacks))
  })
  afterAll(() => honest.release.remove())

  it('are proven as they are, and run nothing', async () => {
    expect(refusals(honest.proof)).toEqual([])
    expect(honest.proof.verdict).toBe('proven')
    expect(await firedInImages(honest.release, honest.release.context.out.packages)).toEqual([])
  })

  for (const attack of alteredAttacks) alteredSuite(attack, () => honest)
})
