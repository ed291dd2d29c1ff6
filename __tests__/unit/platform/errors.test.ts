import { describe, expect, it } from '@jest/globals'
import { asTagproofError, describeError, exitStatusOf, TagproofError } from '../../../src/platform/errors.ts'

describe('errors', () => {
  it.each([
    ['config-invalid', 2],
    ['tag-missing', 2],
    ['build-failed', 1],
    ['hash-mismatch', 1],
    ['tool-missing', 3],
    ['disk-full', 3],
    ['internal', 4],
    ['cancelled', 130]
  ] as const)('%s ends with status %d', (code, status) => {
    expect(exitStatusOf(code)).toBe(status)
  })

  it('tells place, finding, expectation, output and the next step', () => {
    const error = new TagproofError('build-failed', 'The backend failed.', {
      where: 'setup.py:3',
      found: 'status 1',
      expected: 'status 0',
      output: 'line one\nline two\n',
      fix: 'Mend it.'
    })
    expect(describeError(error)).toBe(
      [
        'build-failed: The backend failed.',
        '  at        setup.py:3',
        '  found     status 1',
        '  expected  status 0',
        '  output',
        '    | line one',
        '    | line two',
        '  fix       Mend it.'
      ].join('\n')
    )
  })

  it.each([
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EROFS', 'read-only'],
    ['EACCES', 'read-only']
  ])('a system error %s becomes %s and keeps its cause', (code, expected) => {
    const cause = Object.assign(new Error('write failed'), { code })
    const error = asTagproofError(cause)
    expect(error.code).toBe(expected)
    expect(error.cause).toBe(cause)
    expect(error.detail.fix).toMatch(/--out/)
  })

  it('anything else is an internal fault', () => {
    expect(asTagproofError('odd').code).toBe('internal')
    expect(asTagproofError(new TypeError('x')).code).toBe('internal')
  })
})
