import { describe, expect, it } from '@jest/globals'
import { objectId, sha256 } from '../../../src/documents/identifiers.ts'
import type { MemberOrigin } from '../../../src/documents/origins.ts'
import { withGitOrigin } from '../../../src/proof/trace/git-origin.ts'

const git = [{ name: 'packaging', path: 'common', commit: objectId('1'.repeat(40)) }]
const origin = (more: Partial<MemberOrigin>): MemberOrigin => ({
  member: 'usr/bin/run',
  kind: 'file',
  mode: '755',
  size: 1,
  sha256: sha256('0'.repeat(64)),
  origin: 'blob',
  from: ['packaging/run.sh'],
  rule: null,
  reason: 'the file of the tag',
  ...more
})

describe('origins of members from a git input', () => {
  it('name the input, and the path in its own repository', () => {
    for (const kind of ['blob', 'link', 'moved'] as const)
      expect(withGitOrigin(origin({ origin: kind }), git)).toMatchObject({
        origin: 'dependency',
        rule: 'git-input',
        from: ['git input packaging: common/run.sh'],
        reason: expect.stringContaining('1'.repeat(40))
      })
    const top = withGitOrigin(origin({}), [
      { name: 'packaging', path: '.', commit: objectId('2'.repeat(40)) }
    ])
    expect(top.from).toEqual(['git input packaging: run.sh'])
  })

  it('stay the generator where one made it, and the tag where the file is of the tag', () => {
    const made = origin({ origin: 'generator', rule: 'md5sums', from: ['packaging/run.sh', 'setup.py'] })
    expect(withGitOrigin(made, git)).toEqual({
      ...made,
      from: ['git input packaging: common/run.sh', 'setup.py']
    })
    for (const own of [origin({ from: ['packaging.py'] }), origin({ from: [] })])
      expect(withGitOrigin(own, git)).toBe(own)
  })
})
