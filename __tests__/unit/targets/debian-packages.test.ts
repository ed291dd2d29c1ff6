import { describe, expect, it } from '@jest/globals'
import { driverError } from '../../../src/targets/python/failures.ts'
import { isNamedForBuilds, missingDebianPackages } from '../../../src/targets/python/debian-packages.ts'

describe('what a build cannot find', () => {
  it.each([
    ['Error: pg_config executable not found.', ['libpq-dev']],
    ["FileNotFoundError: [Errno 2] No such file or directory: 'gdal-config'", ['libgdal-dev']],
    ['/bin/sh: 1: xml2-config: not found', ['libxml2-dev']],
    ['x.c:5:10: fatal error: libpq-fe.h: No such file or directory', ['libpq-dev']],
    ['x.c:5:10: fatal error: openssl/ssl.h: No such file or directory', ['libssl-dev']],
    ["x.c:5:10: fatal error: 'ffi.h' file not found", ['libffi-dev']],
    ['Package libxslt was not found in the pkg-config search path.', ['libxslt1-dev']],
    ["Package 'libffi', required by 'virtual:world', not found", ['libffi-dev']],
    ['Dependency "openblas" not found, tried pkgconfig and cmake', ['libopenblas-dev']],
    ['CMake Error: cmake: command not found\nmake: bison: No such file or directory', ['bison', 'cmake']]
  ])('%j names the package that brings it', (output, packages) => {
    expect(missingDebianPackages(output)).toEqual(packages)
    expect(packages.every(isNamedForBuilds)).toBe(true)
  })

  it.each([
    ['x.c:5:10: fatal error: own.h: No such file or directory'],
    ['running cmake\nchecking for bison... yes'],
    ['copying src/openssl/ssl.h'],
    ['warning: no files found matching *.so'],
    ['Name evil-package, or libpq-dev']
  ])('%j names none', (output) => {
    expect(missingDebianPackages(output)).toEqual([])
  })

  it('is named in the error, with the next step', () => {
    const record = {
      kind: 'hook',
      message: 'it failed',
      hook: 'build_wheel',
      status: 1,
      exception: 'Error: 1'
    }
    const output = `Error: pg_config executable not found.\ntagproof-driver: ${JSON.stringify(record)}`
    const { detail } = driverError(
      {
        target: { kind: 'python', name: 'python', path: '.', root: 'python' },
        world: 'a',
        limits: { minutes: 1, 'memory-mib': 1, 'disk-mib': 1, processes: 1 }
      },
      { code: 1, contained: null, output }
    )
    expect(detail.debianPackages).toEqual(['libpq-dev'])
    expect(detail.fix).toContain('Name libpq-dev under `packages:`')
  })
})
