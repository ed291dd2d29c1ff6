import { describe, expect, it } from '@jest/globals'
import type { TagproofError } from '../../../../src/platform/errors.ts'
import { parseChanges } from '../../../../src/targets/deb/debian/changes.ts'
import { debianError } from '../../../../src/targets/deb/debian/failures.ts'

const request = {
  target: { kind: 'deb', name: 'bell', path: '.', root: 'deb' },
  world: 'a',
  limits: { minutes: 1, 'memory-mib': 1, 'disk-mib': 1, processes: 1 }
} as const

const errorFor = (output: string): TagproofError =>
  debianError(request, { code: 2, contained: null, output: `${output}\nlast line` })

describe('a build that failed', () => {
  it.each([
    ['dh: error: Sorry, but 13 is the highest compatibility level supported by this debhelper.', /compat/],
    ['dh_clean: error: Compatibility levels before 7 are no longer supported (level 5 requested)', /compat/],
    ['Hunk #1 FAILED at 1.\ndpkg-source: error: LC_ALL=C patch -t -F 0 subprocess returned', /patch/],
    ['dpkg-source: info: the patch has fuzz which is not allowed, or is malformed', /patch/],
    ['dh_testroot: error: You must run this as root (or use fakeroot).', /be root/],
    ["chown: changing ownership of 'debian/x': Operation not permitted", /be root/],
    ['curl: (6) Could not resolve host: example.org', /network/],
    ['socket.gaierror: [Errno -3] Temporary failure in name resolution', /network/],
    ['dh_auto_test: error: make -j2 check returned exit code 2', /tests/],
    ["ModuleNotFoundError: No module named 'six'", /module that is not there \(six\)/],
    ["Can't locate Debian/Debhelper/Sequence/python3.pm in @INC", /python3\.pm/],
    ['src/x.c:1:10: fatal error: nowhere.h: No such file or directory', /nowhere\.h/],
    ['/bin/sh: 1: frobnicate: not found', /frobnicate/],
    [
      'dpkg-buildpackage: error: debian/rules binary subprocess returned exit status 2',
      /debian\/rules binary/
    ],
    ['', /status 2/]
  ])('says what stands in the way: %s', (output, found) => {
    const error = errorFor(output)
    expect(error.code).toBe('build-failed')
    expect(error.detail.found).toMatch(found)
    expect(error.detail).toMatchObject({
      where: 'debian/rules',
      output: expect.stringContaining('last line')
    })
    expect(error.detail.fix).not.toBe('')
  })

  it('names the package of a header that is known', () => {
    const error = errorFor('x.c:1:10: fatal error: libpq-fe.h: No such file or directory')
    expect(error.detail).toMatchObject({
      debianPackages: ['libpq-dev'],
      fix: 'Name libpq-dev in Build-Depends of debian/control, then run tagproof lock.'
    })
  })

  it.each([
    ['dpkg-checkbuilddeps: error: Unmet build dependencies: valgrind', 'not met: valgrind'],
    ['dpkg-checkbuilddeps: error: unmet build dependencies: valgrind', 'not met: valgrind'],
    ['dpkg-checkbuilddeps: error: Build conflicts: gcc', 'in the way: gcc']
  ])('is the fault of a lock that is out of date: %s', (output, found) => {
    expect(errorFor(output)).toMatchObject({ code: 'lock-incomplete', detail: { found } })
  })

  it('is told by the limit that it ran into', () => {
    const error = debianError(request, { code: null, contained: 'timeout', output: 'network' })
    expect(error).toMatchObject({ code: 'build-timeout' })
  })
})

const changes = `Source: bell
Version: 2:1.0-1
Checksums-Sha256:
 ${'a'.repeat(64)} 12 bell_1.0-1_all.deb
`

describe('what a build says it has made', () => {
  it('is read', () => {
    expect(parseChanges(changes)).toEqual({
      source: 'bell',
      version: '2:1.0-1',
      files: [{ name: 'bell_1.0-1_all.deb', size: 12, sha256: 'a'.repeat(64) }]
    })
  })

  it.each([
    '',
    changes.replace('bell_1.0-1_all.deb', '../../etc/passwd'),
    changes.replace('bell_1.0-1_all.deb', '-rf'),
    changes.replace(/a{64}/, 'short'),
    changes.replace('2:1.0-1', '../x'),
    changes.replace('Source: bell', 'Source: ../bell')
  ])('is refused: %j', (text) => {
    expect(() => parseChanges(text)).toThrow(expect.objectContaining({ code: 'build-output' }))
  })
})
