import { describe, expect, it } from '@jest/globals'
import {
  expectedFindings,
  formatExpectedFiles,
  parseExpectedFiles,
  unknownSections,
  type TargetLists
} from '../../../src/proof/expected-files.ts'
import { thrownBy } from '../../support/thrown.ts'

const wheel = {
  kind: 'wheel' as const,
  name: 'little-1.0-py3-none-any.whl',
  members: [
    'little/__init__.py',
    'little/native.cpython-311-x86_64-linux-gnu.so',
    'little-1.0.dist-info/METADATA'
  ]
}
const sdist = {
  kind: 'sdist' as const,
  name: 'little-1.0.tar.gz',
  members: ['little-1.0/PKG-INFO', 'little-1.0/#odd', 'little-1.0/[odd]', 'little-1.0/wh*t?']
}
const built: TargetLists[] = [{ target: 'python', lists: [wheel, sdist] }]

function found(text: string, lists = built): string[] {
  return expectedFindings(parseExpectedFiles(text, 'list.txt'), lists, 'list.txt').map(
    ({ code, severity, member }) => `${severity} ${code} ${member ?? ''}`.trim()
  )
}

describe('a list of expected files', () => {
  it('that was written from a build fits it, odd names too', () => {
    expect(found(formatExpectedFiles(built))).toEqual([])
    const two = [...built, { target: 'other', lists: [wheel] }]
    expect(formatExpectedFiles(two)).toContain('[other wheel]')
    expect(found(formatExpectedFiles(two), two)).toEqual([])
  })

  it('fits the next version', () => {
    const next = { ...wheel, members: wheel.members.map((name) => name.replace('1.0', '2.0')) }
    expect(found(formatExpectedFiles(built), [{ target: 'python', lists: [next, sdist] }])).toEqual([])
  })

  it('refuses what is missing and what is more', () => {
    expect(
      found('[wheel]\nlittle/__init__.py\nlittle/gone.py\nlittle-{version}.dist-info/*\n[sdist]\n**\n')
    ).toEqual([
      'refuse expected-missing little/gone.py',
      'refuse expected-extra little/native.cpython-311-x86_64-linux-gnu.so'
    ])
  })

  it('has wildcards within a part, and over parts', () => {
    expect(found('[sdist]\n**\n[wheel]\nlittle/native.*.so\n**/METADATA\nlittle/__init__.p?\n')).toEqual([])
    expect(found('[sdist]\n**\n[wheel]\n*\n')).toEqual([
      'refuse expected-missing *',
      'refuse expected-extra little-{version}.dist-info/METADATA',
      'refuse expected-extra little/__init__.py',
      'refuse expected-extra little/native.cpython-311-x86_64-linux-gnu.so'
    ])
  })

  it('says which artifact it has no section for', () => {
    expect(found('[wheel]\n**\n')).toEqual(['note expected-not-listed'])
  })

  it('names a section that is about nothing', () => {
    const list = parseExpectedFiles('[weel]\na\n[python sdist]\nb\n', 'list.txt')
    expect(unknownSections(list, [{ name: 'python' }], ['sdist', 'wheel'])).toEqual(['weel'])
    expect(unknownSections(list, [{ name: 'one' }, { name: 'two' }], ['sdist'])).toEqual([
      'weel',
      'python sdist'
    ])
  })

  it.each([
    ['a name before the first section', 'little/a.py\n', 'list.txt:1'],
    ['a broken title', '# list\n[wheel\n', 'list.txt:2'],
    ['a section twice', '[wheel]\n[sdist]\n[wheel]\n', 'list.txt:3'],
    ['many wildcards', '[wheel]\n**/*/*/*/*\n', 'list.txt:2'],
    ['an endless line', `[wheel]\n${'x'.repeat(5000)}\n`, 'list.txt:2']
  ])('with %s is refused by line', (_, text, where) => {
    const error = thrownBy(() => parseExpectedFiles(text, 'list.txt'))
    expect(error).toMatchObject({ code: 'config-invalid', detail: { where } })
  })

  it('with a hostile pattern takes no more than a moment', () => {
    const names = Array.from({ length: 200 }, (_, index) => `little-1.0/${'a/'.repeat(200)}${index}`)
    const since = performance.now()
    found('[sdist]\n**a**a**a**b\n', [{ target: 'python', lists: [{ ...sdist, members: names }] }])
    expect(performance.now() - since).toBeLessThan(5_000)
  })
})
