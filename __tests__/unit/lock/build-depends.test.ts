import { describe, expect, it } from '@jest/globals'
import { askedRelations, askedStanza, debRootRequest } from '../../../src/lock/build-depends.ts'
import { formatRelation } from '../../../src/lock/build-depends-relations.ts'
import { parseShowpkg, unmetError, unmetRelations } from '../../../src/lock/build-depends-unmet.ts'

const control = (fields: string): string =>
  `Source: bell\n${fields}\n\nPackage: bell\nArchitecture: any\nDepends: libc6\n`

describe('what debian/control asks its root for', () => {
  it('is every relation of the three fields, without conflicts, with the line it is written in', () => {
    const asked = debRootRequest(
      control(
        [
          'Build-Depends: debhelper-compat (= 13),',
          ' python3-all:any (>= 3.9) | python3 ,',
          '# a comment',
          ' valgrind [amd64 arm64],  gcc-12:native,',
          ' python3-pytest <!nocheck>, doxygen <!nodoc> <cross>,',
          'Build-Depends-Indep: dh-python',
          'Build-Depends-Arch: libssl-dev(>>1.1)',
          'Build-Conflicts: autoconf2.13 [any-i386]',
          'Rules-Requires-Root: no'
        ].join('\n')
      ),
      'debian/control'
    )
    expect(asked).toEqual({
      packages: [],
      relations: [
        'Conflicts: autoconf2.13 [any-i386]',
        'debhelper-compat (= 13)',
        'dh-python',
        'doxygen',
        'gcc-12',
        'libssl-dev (>> 1.1)',
        'python3-all:any (>= 3.9) | python3',
        'valgrind [amd64 arm64]'
      ],
      places: {
        'Conflicts: autoconf2.13 [any-i386]': 'debian/control:9',
        'debhelper-compat (= 13)': 'debian/control:2',
        'dh-python': 'debian/control:7',
        doxygen: 'debian/control:6',
        'gcc-12': 'debian/control:5',
        'libssl-dev (>> 1.1)': 'debian/control:8',
        'python3-all:any (>= 3.9) | python3': 'debian/control:3',
        'valgrind [amd64 arm64]': 'debian/control:5'
      }
    })
  })

  it.each([
    ['Rules-Requires-Root: no', []],
    ['Rules-Requires-Root: binary-targets', ['fakeroot']],
    ['Section: misc', ['fakeroot']]
  ])('with %s it is %j besides', (field, packages) => {
    expect(debRootRequest(control(field), 'debian/control').packages).toEqual(packages)
  })

  it.each([
    ['${misc:Build-Depends}', 2],
    ['one,\n two (>= 1', 3],
    ['one\n two', 2],
    ['one | ', 2],
    ['one (~ 2)', 2],
    ['One', 2],
    ['one; touch /x', 2],
    ['one\nDepends: two', 0]
  ])('is refused where it is no relation: %j', (value, line) => {
    const read = (): unknown => debRootRequest(control(`Build-Depends: ${value}`), 'debian/control')
    if (line === 0) expect(read()).toMatchObject({ relations: ['one'] })
    else
      expect(read).toThrow(
        expect.objectContaining({
          code: 'config-invalid',
          detail: expect.objectContaining({ where: `debian/control:${line}` })
        })
      )
  })
})

describe('a relation', () => {
  it.each([
    ['amd64', ['a', 'b', 'd', 'f', 'g']],
    ['arm64', ['c', 'd', 'f']],
    ['armhf', ['c', 'd', 'e', 'f']]
  ])('counts on %s where its list of architectures says so', (architecture, names) => {
    const asked = [
      'a [amd64]',
      'b [!arm64 !armhf]',
      'c [!amd64]',
      'd',
      'e [any-arm]',
      'f [linux-any]',
      'g [amd64]'
    ]
    expect(
      askedRelations(asked, architecture).map(({ alternatives }) => formatRelation(alternatives))
    ).toEqual(names)
  })

  it('is weighed with all others, as of one package', () => {
    const asked = askedRelations(['a (>= 1) | b [arm64]', 'c', 'Conflicts: d (<< 2)'], 'amd64')
    expect(askedStanza(asked, 'amd64')).toMatch(/^Depends: a \(>= 1\), c\nConflicts: d \(<< 2\)$/m)
  })
})

const showpkg = `Package: debhelper-compat
Versions: 

Reverse Depends: 
  stdeb,debhelper-compat 9
Dependencies: 
Provides: 
Reverse Provides: 
debhelper 13.11.4 (= 13)
debhelper 13.11.4 (= 12)
Package: libssl-dev
Versions: 
3.0.20-1 (/lists/main_Packages)
 Description Language: 
                 File: /lists/main_Packages

Reverse Depends: 
  libssl-doc (3)
Dependencies: 
3.0.20-1 - libssl3 (5 3.0.20-1) 
Provides: 
3.0.20-1 - 
Reverse Provides: 
Package: awk
Versions: 
Reverse Provides: 
mawk 1.3.4-1 (= )
`

describe('what a suite has', () => {
  const offers = parseShowpkg(showpkg)
  const unmet = (...asked: string[]): string[] =>
    unmetRelations(askedRelations(asked, 'amd64'), offers).map(({ instead }) => instead)

  it.each([
    ['debhelper-compat (= 13)'],
    ['libssl-dev'],
    ['libssl-dev (>= 3)'],
    ['libssl-dev (<< 3.1)'],
    ['libssl-dev (>= 9) | awk'],
    ['nosuch | debhelper-compat (= 12)'],
    ['Conflicts: nosuch']
  ])('meets %s', (asked) => {
    expect(unmet(asked)).toEqual([])
  })

  it.each([
    ['debhelper-compat (= 14)', 'debhelper-compat 13 of debhelper, 12 of debhelper'],
    ['libssl-dev (>> 3.0.20-1)', 'libssl-dev 3.0.20-1'],
    ['libssl-dev (<= 3.0.20) | nosuch', 'libssl-dev 3.0.20-1; no nosuch'],
    // A name that is provided without a version meets no relation with one.
    ['awk (>= 1)', 'awk no version of mawk']
  ])('does not meet %s', (asked, instead) => {
    expect(unmet(asked)).toEqual([instead])
  })

  it('is told with file and line', () => {
    const error = unmetError(
      [{ asked: 'debhelper-compat (= 14)', instead: 'debhelper-compat 13 of debhelper' }],
      'bookworm',
      { 'debhelper-compat (= 14)': 'debian/control:7' }
    )
    expect(error).toMatchObject({
      code: 'lock-unresolvable',
      message: 'The debian/ folder asks for a debhelper that bookworm does not have.',
      detail: {
        where: 'debian/control:7',
        found: 'bookworm has debhelper-compat 13 of debhelper',
        expected: 'debhelper-compat (= 14)'
      }
    })
  })
})
