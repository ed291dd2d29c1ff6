import { describe, expect, it } from '@jest/globals'
import {
  cloneFindings,
  compareLists,
  previousFindings,
  type TreePlaces
} from '../../../src/proof/complete.ts'
import { lastingNames, type MemberList } from '../../../src/proof/lasting-names.ts'
import { newReads, newReadsFindings } from '../../../src/proof/reads.ts'

function sdist(version: string, ...names: string[]): MemberList {
  const top = `little-${version}`
  return {
    kind: 'sdist',
    name: `${top}.tar.gz`,
    members: [`${top}/PKG-INFO`, ...names.map((n) => `${top}/${n}`)]
  }
}

function wheel(version: string, ...names: string[]): MemberList {
  return {
    kind: 'wheel',
    name: `little-${version}-py3-none-any.whl`,
    members: [...names, ...['METADATA', 'RECORD'].map((name) => `little-${version}.dist-info/${name}`)]
  }
}

const places: TreePlaces = {
  folder: 'client/',
  has: (path) => ['client/src/little/data.txt', 'client/vendor/lib.c', 'client/tests/test.py'].includes(path),
  submoduleOf: (path) => (path.startsWith('client/vendor/') ? 'client/vendor' : undefined)
}

describe('names that last from release to release', () => {
  it('have no top folder and no version', () => {
    expect(lastingNames(sdist('1.2.3', 'little.egg-info/PKG-INFO', 'docs/little-1.2.3.txt'))).toEqual([
      'PKG-INFO',
      'docs/little-1.2.3.txt',
      'little.egg-info/PKG-INFO'
    ])
    expect(
      lastingNames(
        wheel(
          '2.11.5',
          'little-2.11.5-py3.11-nspkg.pth',
          'little-2.11.5.data/scripts/x',
          'little/v-2.11.5.py'
        )
      )
    ).toEqual([
      'little-{version}-py3.11-nspkg.pth',
      'little-{version}.data/scripts/x',
      'little-{version}.dist-info/METADATA',
      'little-{version}.dist-info/RECORD',
      'little/v-2.11.5.py'
    ])
  })

  it('have no layer and no version of the project anywhere in an installed tree', () => {
    const installed = 'opt/app/lib/little-1.2.dist-info/METADATA'
    const other = 'opt/app/lib/other-3.0.dist-info/METADATA'
    const deb = { kind: 'deb' as const, name: 'little_1%3a1.2-1_all.deb', members: [installed, other] }
    const image = {
      kind: 'image' as const,
      name: 'team_little-1.2.oci.tar',
      members: [`layers/3/${installed}`, `linux-amd64/layers/4/${other}`]
    }
    for (const list of [deb, image])
      expect(lastingNames(list)).toEqual([
        'opt/app/lib/little-{version}.dist-info/METADATA',
        'opt/app/lib/other-3.0.dist-info/METADATA'
      ])
  })

  it('are compared deb by deb, whatever the version', () => {
    const list = (name: string, ...members: string[]): MemberList => ({ kind: 'deb', name, members })
    const now = [list('little_2-1_all.deb', 'a'), list('little-doc_2-1_all.deb', 'b')]
    const then = [list('little-doc_1-1_all.deb', 'b'), list('little_1-1_all.deb', 'c')]
    expect(compareLists(now, then)).toEqual([{ artifact: now[0], lacks: ['c'], adds: ['a'] }])
  })

  it('keep a version that is not the one of the artifact', () => {
    expect(lastingNames(wheel('2.0', 'other-1.0.dist-info.txt'))).toContain('other-1.0.dist-info.txt')
  })
})

describe('member lists', () => {
  it('of two versions with the same files are equal', () => {
    expect(compareLists([sdist('2', 'a'), wheel('2', 'a')], [wheel('1', 'a'), sdist('1', 'a')])).toEqual([])
  })

  it('tell what the last release shipped and this one does not, and what is new', () => {
    const findings = previousFindings([wheel('2', 'kept', 'new.py')], [wheel('1', 'kept', 'old.py')], 'v1')
    expect(findings).toEqual([
      expect.objectContaining({ check: 'complete', code: 'member-gone', severity: 'warn' }),
      expect.objectContaining({ check: 'complete', code: 'member-new', severity: 'note' })
    ])
    expect(findings[0]?.message).toBe('1 file that v1 shipped is missing now: old.py')
    expect(findings[1]?.message).toBe('1 file that v1 did not ship: new.py')
  })

  it('of thousands of files are told as a number that a finding can hold', () => {
    const names = Array.from({ length: 5000 }, (_, index) => `${'x'.repeat(400)}${index}`)
    const [finding] = previousFindings([wheel('2')], [wheel('1', ...names)], 'v1')
    expect(finding?.message.length).toBeLessThan(4000)
    expect(finding?.message).toMatch(/^5000 files that v1 shipped .* and \d+ more$/)
  })

  it.each([
    ['a tracked file that git lists from blobs', 'little/data.txt', /file is in the tag.*git archive/],
    ['a file of a submodule', 'vendor/lib.c', /submodule client\/vendor/],
    ['a file made from history', 'little/history.txt', /not in the tag/]
  ])('name %s, which a full clone ships alone', (_, name, cause) => {
    const findings = cloneFindings([sdist('1', 'kept')], [sdist('1', 'kept', name)], places)
    expect(findings).toEqual([
      expect.objectContaining({
        code: 'full-clone-differs',
        severity: 'refuse',
        artifact: 'little-1.tar.gz',
        member: name,
        cause: expect.stringMatching(cause)
      })
    ])
  })

  it.each([
    ['a tracked file', 'tests/test.py', /export-ignore/],
    ['a file of a submodule', 'vendor/lib.c', /exports it as plain files/],
    ['an untracked file', 'little/left.txt', /not tracked/]
  ])('name %s, which a full clone leaves out', (_, name, cause) => {
    const [finding] = cloneFindings([sdist('1', name)], [sdist('1')], places)
    expect(finding).toMatchObject({ code: 'full-clone-differs', member: name, severity: 'refuse' })
    expect(finding?.cause).toMatch(cause)
  })

  it('have a bounded number of findings, the last of which refuses too', () => {
    const names = Array.from({ length: 600 }, (_, index) => `file${index}`)
    const findings = cloneFindings([sdist('1')], [sdist('1', ...names)], places)
    expect(findings).toHaveLength(501)
    expect(findings.at(-1)).toMatchObject({
      severity: 'refuse',
      member: null,
      message: expect.stringMatching(/100 more/)
    })
  })
})

describe('files read for the first time', () => {
  it('are told, those that nobody can review first', () => {
    const reads = newReads(['a.py', 'tests/x.bin', 'b.py', '.git/HEAD'], ['a.py'], (path) =>
      path.endsWith('.bin')
    )
    expect(
      newReadsFindings(reads, 'v1').map(({ code, severity, message }) => [code, severity, message])
    ).toEqual([
      ['reads-new', 'warn', expect.stringMatching(/tests\/x\.bin$/)],
      ['reads-new', 'note', expect.stringMatching(/did not read: b\.py$/)]
    ])
  })

  it('are not told where one build does not know what it read', () => {
    expect(newReads(null, ['a'], () => true)).toBeNull()
    expect(
      newReadsFindings(
        newReads(['a'], null, () => true),
        'v1'
      )
    ).toEqual([])
  })
})
