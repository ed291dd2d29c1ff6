import { describe, expect, it } from '@jest/globals'
import { applyWaivers } from '../../../src/proof/waivers.ts'
import { finding } from '../evidence/documents.ts'

const reason = 'reviewed, and right here'

describe('a waiver', () => {
  const untraced = finding({ check: 'traced', code: 'untraced', member: 'pkg-1.0/pkg/table.py' })

  it('turns the refusal that it names into a note with its reason', () => {
    const waivers = [{ check: 'traced' as const, code: 'untraced', path: 'pkg/table.py', reason }]
    expect(applyWaivers([untraced], waivers)).toEqual([{ ...untraced, severity: 'note', waiver: reason }])
  })

  it.each([
    ['another check', { check: 'policy' as const, code: 'untraced', path: 'pkg/table.py' }],
    ['another code', { check: 'traced' as const, code: 'modified', path: 'pkg/table.py' }],
    ['another member', { check: 'traced' as const, code: 'untraced', path: 'pkg/other.py' }]
  ])('for %s leaves it, and is told as unused', (_, waiver) => {
    const [kept, unused] = applyWaivers([untraced], [{ ...waiver, reason }])
    expect(kept).toEqual(untraced)
    expect(unused).toMatchObject({ check: 'policy', code: 'waiver-unused', severity: 'warn' })
  })

  it.each([
    ['uninfluenced', 'build-fails-in-b'],
    ['policy', 'artifact-kinds'],
    ['policy', 'artifact-name-twice']
  ] as const)('cannot take the place of an artifact: %s, %s', (check, code) => {
    const lost = finding({ check, code, member: null, artifact: null })
    const [kept, unused] = applyWaivers([lost], [{ check, code, path: '**', reason }])
    expect(kept).toEqual(lost)
    expect(unused).toMatchObject({ code: 'waiver-unused' })
  })

  it('for a finding without a member names the artifact', () => {
    const whole = finding({ check: 'traced', code: 'untraced', member: null, artifact: 'pkg-1.0.tar.gz' })
    const waivers = [{ check: 'traced' as const, code: 'untraced', path: '*.tar.gz', reason }]
    expect(applyWaivers([whole], waivers)).toMatchObject([{ severity: 'note', waiver: reason }])
  })

  it('counts as used where one of several fits', () => {
    const waivers = [{ check: 'traced' as const, code: 'untraced', path: 'pkg/**', reason }]
    const other = finding({ check: 'traced', code: 'untraced', member: 'other/x.py' })
    expect(applyWaivers([untraced, other], waivers).map(({ severity }) => severity)).toEqual([
      'note',
      'refuse'
    ])
  })
})
