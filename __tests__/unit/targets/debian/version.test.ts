import { describe, expect, it } from '@jest/globals'
import { compareDebianVersions, partsOf } from '../../../../src/targets/deb/debian/version-order.ts'
import { debianVersion } from '../../../../src/targets/deb/venv/version.ts'
import { debianUpstream, debianVersionAgrees } from '../../../../src/targets/deb/debian/version.ts'

describe('the upstream part of a Debian version for a tag', () => {
  it.each([
    ['1.4.0', '1.4.0'],
    ['1.0rc1', '1.0~rc1'],
    ['1.0-rc.1', '1.0~rc1'],
    ['2.0.0-beta.2', '2.0.0~beta2'],
    ['1.0a1', '1.0~a1'],
    ['1.0.dev3', '1.0~~dev3'],
    ['1.0rc1.dev2', '1.0~rc1~~dev2'],
    ['1.0.post1', '1.0+post1'],
    ['1.0-1', '1.0+post1'],
    ['1!2.0', '2.0'],
    ['1.0+local_2', '1.0+local.2'],
    // Numbers stay as they are written: PEP 440 would say 2024.1.5.
    ['2024.01.05', '2024.01.05'],
    ['2024-01-05', '2024~01~05'],
    ['1.0/../x', '1.0..x']
  ])('of %s is %s', (version, upstream) => {
    expect(debianUpstream(version)).toBe(upstream)
  })

  it('sorts as the versions of tags do', () => {
    const order = ['1.0.dev1', '1.0a1', '1.0rc1.dev1', '1.0rc1', '1.0', '1.0.post1', '1.0.1', '1.1']
    const upstream = order.map(debianUpstream)
    expect([...upstream].sort(compareDebianVersions)).toEqual(upstream)
  })
})

describe('agreement of a Debian version with a tag', () => {
  it.each([
    ['1.4.0-1', '1.4.0'],
    ['2:1.4.0-1ubuntu3', '1.4.0'],
    ['1.4-1', '1.4.0'],
    ['1.0~rc1-1', '1.0rc1'],
    ['1.0~beta2-1', '2!1.0b2'],
    ['1.4.0+dfsg1-2', '1.4.0'],
    ['1.4.0~ds-2', '1.4.0'],
    ['1.4.0', '1.4.0'],
    ['1.0~dev3-1', '1.0.dev3'],
    ['1.0~~dev3-1', '1.0.dev3'],
    ['1.0.post1-1', '1.0.post1'],
    ['1.0+post1-1', '1.0.post1'],
    ['1.4.0+deb12u1', '1.4.0'],
    ['2024~01~05-1', '2024-01-05']
  ])('%s is that of %s', (debian, tag) => {
    expect(debianVersionAgrees(debian, tag)).toBe(true)
  })

  it.each([
    ['1.3.1-1', '2.2.0'],
    ['1.0-1', '1.0rc1'],
    ['1.0~rc1-1', '1.0'],
    // A tilde between digits joins nothing: this is not 1.01.
    ['1.0~1-1', '1.01'],
    ['1.4.0+evil-1', '1.4.0'],
    ['1.4.0.1-1', '1.4.0'],
    ['', '1.4.0']
  ])('%s is not that of %s', (debian, tag) => {
    expect(debianVersionAgrees(debian, tag)).toBe(false)
  })
})

describe('the version of a deb that is made of a wheel', () => {
  it.each([
    '1.4.0',
    '1.0rc1',
    '1.0a2.dev3',
    '1.0.dev3',
    '1.0.post1',
    '1!2.0',
    '1.0+local.1',
    '1.0.post2.dev1'
  ])('agrees with the tag it was made from: %s', (version) => {
    expect(debianVersionAgrees(debianVersion(version, '1'), version)).toBe(true)
    expect(debianVersionAgrees(`${debianUpstream(version)}-1`, version)).toBe(true)
  })
})

describe('the order of Debian versions', () => {
  // Each is less than the next (deb-version(7); Policy 5.6.12).
  it.each([
    [['0~~', '0~~a', '0~', '0', '0a', '0+']],
    [['1.0~rc1-1', '1.0-1', '1.0-1.1', '1.0-2', '1.0-10', '1:0.1-1']],
    [['1.2', '1.2a', '1.2+b', '1.2.0']],
    [['09.1', '9.2', '9.10', '10']],
    [['1-0~x', '1-0', '1-0a']]
  ])('%j', (versions) => {
    for (const [at, left] of versions.entries())
      for (const [other, right] of versions.entries())
        expect(Math.sign(compareDebianVersions(left, right))).toBe(Math.sign(at - other))
  })

  it('takes epoch and revision off at the right places', () => {
    expect(partsOf('2:1.0-rc-1')).toEqual({ epoch: 2, upstream: '1.0-rc', revision: '1' })
    expect(partsOf('1.0')).toEqual({ epoch: 0, upstream: '1.0', revision: '' })
  })
})
