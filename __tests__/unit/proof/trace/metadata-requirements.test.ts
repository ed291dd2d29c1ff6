import { describe, expect, it } from '@jest/globals'
import { poetryRange } from '../../../../src/proof/trace/metadata/poetry-constraint.ts'
import {
  parseRequirement,
  requirementDifference,
  type Requirement
} from '../../../../src/proof/trace/metadata/requirement.ts'
import { requirementsOf } from '../../../../src/proof/trace/metadata/requires-file.ts'
import {
  canonicalSpecifiers,
  sameRange,
  type VersionRange
} from '../../../../src/proof/trace/metadata/specifiers.ts'

function parsed(...texts: string[]): Requirement[] {
  return texts.map((text) => {
    const requirement = parseRequirement(text)
    if (requirement === undefined) throw new Error(`no requirement: ${text}`)
    return requirement
  })
}

function same(found: string[], expected: string[], python: VersionRange = [[]]): boolean {
  const { added, missing } = requirementDifference(parsed(...found), parsed(...expected), python)
  return added.length + missing.length === 0
}

describe('two requirements are the same', () => {
  it.each([
    ['Zope.Interface', 'zope-interface'],
    ['a (>=1.0,<2)', 'a<2.0.0,>=1'],
    ['a~=1.4', 'a>=1.4,<2'],
    ['a==1.*', 'a>=1.0,<2'],
    ['a!=1.5.*', 'a != 1.5.*'],
    ['a[x,Y]', 'a [y, x]'],
    ["a; python_version<'3.8'", 'a ; python_version < "3.8"'],
    ["a; '3.8' > python_version", 'a; python_version < "3.8"'],
    ['a; os.name == "nt"', 'a; os_name == "nt"'],
    ['a; (extra == "my-x")', 'a; extra == "My_X"'],
    [
      'a; python_version >= "3.8" and sys_platform == "win32"',
      'a; sys_platform == "win32" and python_version >= "3.8"'
    ],
    [
      'a; sys_platform != "win32" or platform_machine == "x"',
      'a; not_used == "1" and sys_platform == "q" or (platform_machine == "x" or sys_platform != "win32")'
    ],
    ['a @ https://example.invalid/a.whl', 'a@https://example.invalid/a.whl']
  ])('%s and %s', (one, other) => expect(same([one], [other])).toBe(true))

  it('as the project is for no other versions of Python', () => {
    const markers = ['a; python_version >= "3.8" and python_version < "4.0"'] as const
    expect(same([...markers], ['a'], [['>=3.8', '<4']])).toBe(true)
    expect(same([...markers], ['a'], [['>=3.7', '<4']])).toBe(false)
  })

  it('as several lines of one project say together what one says', () =>
    expect(same(['a; extra == "x"', 'a; extra == "y"'], ['a; extra == "x" or extra == "y"'])).toBe(true))
})

describe('two requirements are not the same', () => {
  it.each([
    ['a', 'b'],
    ['a>=1', 'a>1'],
    ['a<2', 'a<=2'],
    ['a>=1', 'a'],
    ['a!=3.0.*', 'a!=3.*'],
    ['a==1.0', 'a==1.1'],
    ['a[x]', 'a'],
    ['a; extra == "x"', 'a'],
    ['a; python_version < "3.8"', 'a; python_version <= "3.8"'],
    ['a; sys_platform == "win32"', 'a; sys_platform == "darwin"'],
    ['a; platform_release >= "20"', 'a; platform_release >= "21"'],
    ['a @ https://example.invalid/a.whl', 'a @ https://example.invalid/b.whl'],
    ['a @ https://example.invalid/a.whl', 'a']
  ])('%s and %s', (one, other) => expect(same([one], [other])).toBe(false))
})

it.each(['', '-a', 'a b', 'a>=1 or so', 'a; python_version', 'a; (x == "1"', 'a >> 1', 'a; x == y'])(
  'no requirement: %j',
  (text) => expect(parseRequirement(text)).toBeUndefined()
)

it('a marker that is nested without end is none', () =>
  expect(parseRequirement(`a; ${'('.repeat(500)}x == "1"${')'.repeat(500)}`)).toBeUndefined())

it.each([
  ['^1.2.3', '>=1.2.3,<2'],
  ['^0.2', '>=0.2,<0.3'],
  ['^0.0.3', '>=0.0.3,<0.0.4'],
  ['~1.2', '>=1.2,<1.3'],
  ['~2', '>=2,<3'],
  ['1.*', '>=1,<2'],
  ['1.4', '==1.4'],
  ['>=1.4 <2', '>=1.4,<2']
])('the constraint %s of Poetry is %s', (constraint, expected) => {
  expect(sameRange(poetryRange(constraint) ?? [], [canonicalSpecifiers(expected)])).toBe(true)
  expect(sameRange(poetryRange(constraint) ?? [], [[]])).toBe(false)
})

it('alternatives of Poetry are one range', () => {
  expect(
    sameRange(poetryRange('^2.7 || ^3.5') ?? [], [
      canonicalSpecifiers('>=2.7,!=3.0.*,!=3.1.*,!=3.2.*,!=3.3.*,!=3.4.*,<4')
    ])
  ).toBe(true)
  expect(sameRange(poetryRange('^2.7 || ^3.5') ?? [], [canonicalSpecifiers('>=2.7,<4')])).toBe(false)
})

it('requires.txt has extras and markers as sections', () =>
  expect(
    requirementsOf([
      'a>=1',
      'u; os_name == "nt"',
      '[My_X]',
      'b',
      '[:python_version < "3.8"]',
      'c',
      '[x:os_name == "nt"]',
      'd'
    ])
  ).toEqual({
    requirements: [
      'a>=1',
      'u ; ( os_name == "nt")',
      'b ; (extra == "my-x")',
      'c ; (python_version < "3.8")',
      'd ; (os_name == "nt") and (extra == "x")'
    ],
    extras: ['my-x', 'x']
  }))
