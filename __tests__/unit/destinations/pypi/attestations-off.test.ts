import { describe, expect, it } from '@jest/globals'
import { attestationsOff } from '../../../../src/destinations/pypi/attestations-off.ts'

const trusted = { index: 'pypi', credentials: 'trusted', setting: true } as const

describe('attestations', () => {
  it('are made for a trusted publisher on both official indexes', () => {
    expect(attestationsOff(trusted)).toBeNull()
    expect(attestationsOff({ ...trusted, index: 'testpypi' })).toBeNull()
  })

  it.each([
    [
      'with a token, which the index refuses them from',
      { credentials: 'token' },
      /refuses them from a token/
    ],
    ['for another index', { index: 'other' }, /only the two official indexes/],
    ['where the configuration turns them off', { setting: false }, /attestations: false/]
  ] as const)('are left out %s, and the log says so', (_, change, notice) => {
    expect(attestationsOff({ ...trusted, ...change })).toMatch(notice)
  })
})
