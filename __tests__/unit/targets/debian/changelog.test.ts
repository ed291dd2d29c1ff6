import { describe, expect, it } from '@jest/globals'
import {
  changelogDate,
  changelogForTag,
  newestEntry,
  type ReleaseEntryFacts
} from '../../../../src/targets/deb/debian/changelog.ts'
import { compareDebianVersions } from '../../../../src/targets/deb/debian/version-order.ts'
import { debianVersionAgrees } from '../../../../src/targets/deb/debian/version.ts'

const facts: ReleaseEntryFacts = {
  control: 'Source: bell\nMaintainer: Bell ringers <bell@example.org>\n\nPackage: bell\nArchitecture: all\n',
  controlPath: 'debian/control',
  format: '3.0 (quilt)\n',
  suite: 'bookworm',
  tag: 'v1.1rc1',
  version: '1.1rc1',
  epoch: 1_714_979_289
}
const before = `bell (1.0-2) unstable; urgency=low

  * Louder.

 -- Bell ringers <bell@example.org>  Mon, 05 Feb 2024 10:00:00 +0000
`

describe('the changelog of a release', () => {
  it('gets an entry for the tag on top, with the time of the commit', () => {
    expect(changelogForTag(before, facts)).toBe(`bell (1.1~rc1-1) bookworm; urgency=medium

  * Release v1.1rc1.

 -- Bell ringers <bell@example.org>  Mon, 06 May 2024 07:08:09 +0000

${before}`)
  })

  it('is the same for the same facts, and is read again as what was written', () => {
    const made = changelogForTag(before, facts)
    expect(changelogForTag(before, facts)).toBe(made)
    expect(newestEntry(made)).toEqual({
      source: 'bell',
      version: '1.1~rc1-1',
      distributions: 'bookworm',
      seconds: facts.epoch
    })
  })

  it('is left alone where it states the version of the tag already', () => {
    const there = before.replace('1.0-2', '1:1.1~rc1-3')
    expect(changelogForTag(there, facts)).toBe(there)
  })

  it('bears the suffix of a suite, which sorts before the version without it and agrees with the tag', () => {
    const suited = { ...facts, suffix: '~bookworm1' }
    const version = (text: string): string => newestEntry(changelogForTag(text, suited))?.version ?? ''
    expect(version(before)).toBe('1.1~rc1-1~bookworm1')
    // The tree states the version already: the entry on top is for the suite.
    expect(version(before.replace('1.0-2', '1:1.1~rc1-3'))).toBe('1:1.1~rc1-3~bookworm1')
    const there = before.replace('1.0-2', '1.1~rc1-1~bookworm1')
    expect(changelogForTag(there, suited)).toBe(there)
    expect(compareDebianVersions(version(before), '1.1~rc1-1')).toBeLessThan(0)
    expect(debianVersionAgrees(version(before), facts.version)).toBe(true)
  })

  it.each([
    ['keeps the epoch of the packager', before.replace('1.0-2', '4:1.0-2'), facts.format, '4:1.1~rc1-1'],
    ['has no revision in a native package', before, '3.0 (native)\n', '1.1~rc1'],
    ['follows the entry before in format 1.0', before.replace('1.0-2', '1.0'), null, '1.1~rc1'],
    ['is made from nothing', '', '3.0 (quilt)', '1.1~rc1-1'],
    ['does not need a readable one below it', 'no changelog at all\n', '3.0 (quilt)', '1.1~rc1-1']
  ])('%s', (_, text, format, version) => {
    expect(newestEntry(changelogForTag(text, { ...facts, format }))?.version).toBe(version)
  })

  it.each([
    ['no field Maintainer', facts.control.replace(/Maintainer.*\n/, ''), 1],
    ['Bell ringers', facts.control.replace(' <bell@example.org>', ''), 2],
    ['a <b@c>\n -- d <e@f>', facts.control.replace('<bell@example.org>', '<b@c>\n -- d <e@f>'), 2]
  ])('is refused with a maintainer that cannot sign it: %j', (_, control, line) => {
    expect(() => changelogForTag(before, { ...facts, control })).toThrow(
      expect.objectContaining({
        code: 'config-invalid',
        detail: expect.objectContaining({ where: `debian/control:${line}` })
      })
    )
  })

  it('writes dates as RFC 5322 does', () => {
    expect(changelogDate(0)).toBe('Thu, 01 Jan 1970 00:00:00 +0000')
    expect(changelogDate(1_709_251_199)).toBe('Thu, 29 Feb 2024 23:59:59 +0000')
  })

  it.each(['', 'bell 1.0 unstable\n', 'bell (1.0) ; urgency=low\n', '\0'])(
    'has no newest entry: %j',
    (text) => {
      expect(newestEntry(text)).toBeNull()
    }
  )

  it('may have an entry that nobody has signed yet', () => {
    expect(newestEntry('bell (1.0-2) UNRELEASED; urgency=low\n\n  * x\n')?.seconds).toBeNull()
  })
})
