import { describe, expect, it } from '@jest/globals'
import { candidates } from '../../../src/source/previous-release.ts'

const names = (tags: string[], current: string, version: string | null): string[] =>
  candidates(tags, current, version).map((tag) => tag.name)

describe('the release before this one', () => {
  it('is the highest lower version, as versions go', () => {
    expect(names(['v1.9', 'v1.10', 'v1.2', 'v2.0', 'v1.11'], 'v1.11', '1.11')).toEqual([
      'v1.10',
      'v1.9',
      'v1.2'
    ])
    expect(names(['v1.0rc1', 'v1.0.post1', 'v0.9'], 'v1.0', '1.0')).toEqual(['v1.0rc1', 'v0.9'])
  })

  it('is of the same project, whose tags are spelled alike', () => {
    expect(names(['server-1.3', 'client-1.2', 'client-v1.1', '1.0'], 'client-1.4', '1.4')).toEqual([
      'client-1.2',
      'client-v1.1'
    ])
    expect(names(['1.2', 'v1.1'], 'v1.3', '1.3')).toEqual(['1.2', 'v1.1'])
  })

  it('is the highest of all before a commit that has no tag', () => {
    expect(names(['v1.0', 'v2.0', 'nightly'], 'HEAD', null)).toEqual(['v2.0', 'v1.0'])
  })

  it('is none where no version is lower, or the version is in no order', () => {
    expect(names(['v1.0', 'v2.0'], 'v1.0', '1.0')).toEqual([])
    expect(names(['v1.0'], 'v2024-odd', '2024-odd')).toEqual([])
  })
})
