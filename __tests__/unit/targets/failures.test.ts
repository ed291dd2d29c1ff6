import { describe, expect, it } from '@jest/globals'
import type { PlanTarget } from '../../../src/documents/plan.ts'
import { describeError, exitStatusOf } from '../../../src/platform/errors.ts'
import { driverError } from '../../../src/targets/python/failures.ts'

const target: PlanTarget = { kind: 'python', name: 'python', path: '.', root: 'python' }
const limits = { minutes: 30, 'memory-mib': 4096, 'disk-mib': 4096, processes: 512 }
const request = { target, world: 'b' as const, limits }

const said = (record: object): string => `compiling\nerror: no\ntagproof-driver: ${JSON.stringify(record)}`

describe('a build that did not end well', () => {
  it.each([
    ['timeout', 'build-timeout', 'limits.minutes'],
    ['memory', 'build-memory', 'limits.memory-mib'],
    ['processes', 'build-processes', 'limits.processes'],
    ['disk', 'build-disk', 'limits.disk-mib']
  ] as const)('by %s has a code of its own, the limit and the last lines', (contained, code, limit) => {
    const error = driverError(request, { code: null, contained, output: 'working\nstill working' })
    expect(error.code).toBe(code)
    expect(exitStatusOf(error.code)).toBe(1)
    expect(error.detail.expected).toContain(limit)
    expect(error.detail.output).toContain('still working')
  })

  it('by a hook says which, its exception, and what was printed before', () => {
    const record = {
      kind: 'hook',
      message: 'build_wheel failed',
      hook: 'build_wheel',
      status: 1,
      exception: 'ValueError: no'
    }
    const error = driverError(request, { code: 1, contained: null, output: said(record) })
    expect(error.code).toBe('build-failed')
    expect(error.detail).toMatchObject({ where: 'build_wheel', found: 'ValueError: no; ended with status 1' })
    expect(error.detail.output).toBe('compiling\nerror: no')
    expect(describeError(error)).toContain('in world b')
  })

  it('by a signal names it', () => {
    const record = {
      kind: 'hook',
      message: 'build_sdist failed',
      hook: 'build_sdist',
      status: -11,
      exception: ''
    }
    expect(driverError(request, { code: 1, contained: null, output: said(record) }).detail.found).toContain(
      'signal 11'
    )
  })

  it.each([
    ["ModuleNotFoundError: No module named 'numpy'", 'build-system.requires'],
    ['URLError: <urlopen error [Errno -3] Temporary failure in name resolution>', 'no network'],
    ["OSError: [Errno 30] Read-only file system: '/usr/x'", 'its own folder'],
    ["error: command 'gcc' failed: No such file or directory", 'Debian package']
  ])('by %s says what to do', (exception, fix) => {
    const record = { kind: 'hook', message: 'build_wheel failed', hook: 'build_wheel', status: 1, exception }
    expect(driverError(request, { code: 1, contained: null, output: said(record) }).detail.fix).toContain(fix)
  })

  it('by a requirement that the lock lacks is a matter of the lock', () => {
    const record = {
      kind: 'requires',
      message: 'wheel: is not in the build environment',
      requirement: 'wheel',
      because: 'get_requires_for_build_wheel'
    }
    const error = driverError(request, { code: 1, contained: null, output: said(record) })
    expect(error.code).toBe('lock-incomplete')
    expect(error.detail.expected).toBe('wheel, asked for by get_requires_for_build_wheel')
    expect(error.detail.fix).toContain('tagproof lock')
  })

  it("with words of the project that only look like the driver's is still an error", () => {
    for (const line of ['tagproof-driver: {', 'tagproof-driver: {"kind":"success"}', 'nothing'])
      expect(driverError(request, { code: 7, contained: null, output: line }).message).toContain('status 7')
  })
})
