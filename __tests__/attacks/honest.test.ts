import { describe, expect, it } from '@jest/globals'
import { withRelease } from '../real/support/release.ts'
import { refusals, throughTheGate } from './harness/gate.ts'
import { honestTwins } from './honest.ts'

describe('what is honest passes, with no configuration', () => {
  it.each(honestTwins.map((twin) => [twin.how, twin] as const))('%s', (_, { files }) =>
    withRelease(files, async (release) => {
      const proof = await throughTheGate(release)
      expect(refusals(proof)).toEqual([])
      expect(proof.verdict).toBe('proven')
    })
  )
})
