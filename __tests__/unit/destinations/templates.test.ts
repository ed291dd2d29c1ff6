import { describe, expect, it } from '@jest/globals'
import { direction } from '../../../src/destinations/forward.ts'
import { fillTemplate } from '../../../src/destinations/templates.ts'

describe('a template of a name', () => {
  const values = { version: '2.11.5rc1', tag: 'ckan-2.11.5rc1' }

  it.each([
    ['{version}-py3.10', '2.11.5rc1-py3.10'],
    ['{series}', '2.11'],
    ['{major}.{minor}.{patch}', '2.11.5'],
    ['{tag}/{target}', 'ckan-2.11.5rc1/deb'],
    ['latest', 'latest']
  ])('%s is %s', (template, name) => {
    expect(fillTemplate(template, values, { target: 'deb' })).toBe(name)
  })

  it('has 0 for what the version does not say', () => {
    expect(fillTemplate('{major}.{minor}.{patch}', { version: '3', tag: 'v3' })).toBe('3.0.0')
  })

  it('is refused where a placeholder has no value', () => {
    for (const [template, version] of [
      ['{arch}', '1.0'],
      ['{constructor}', '1.0'],
      ['{series}', 'nightly']
    ] as const)
      expect(() => fillTemplate(template, { version, tag: 'v' })).toThrow(/cannot be filled in/)
  })
})

describe('a name moves', () => {
  it.each([
    ['latest', '2.11.4', '2.11.5', 'behind'],
    ['latest', '2.11.5', '2.10.9', 'ahead'],
    ['latest', '2.11.5', '2.11.5', 'same'],
    ['latest', '2.11', '2.11.0', 'same'],
    ['latest', '2.9.11', '2.10.0', 'behind'],
    ['{series}', '2.10.8', '2.10.9', 'behind'],
    ['{series}', '2.11.5', '2.10.9', 'other-series'],
    ['{major}', '1.9', '2.0', 'other-series'],
    ['{major}', '2.10.9', '2.11.0', 'behind'],
    ['latest', undefined, '1.0', 'unknown'],
    ['latest', 'nightly', '1.0', 'unknown']
  ] as const)('%s from %s to %s: %s', (template, current, next, said) => {
    expect(direction(template, current, next)).toBe(said)
  })
})
