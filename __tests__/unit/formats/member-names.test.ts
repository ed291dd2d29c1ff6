import { describe, expect, it } from '@jest/globals'
import { MemberNames, pathProblem } from '../../../src/formats/member-names.ts'

/** What is wrong with the last of the names, added one after the other. */
function problem(names: readonly string[], rules: { twins?: 'refuse' | 'accept' } = {}): string | undefined {
  const known = new MemberNames(rules)
  let last: string | undefined
  for (const name of names) last = known.add(name, false)
  return last
}

describe('MemberNames', () => {
  it.each([
    ['case', 'readme', 'README'],
    ['case beyond ASCII', 'straße', 'STRASSE'],
    ['Unicode form', 'é', 'e\u0301'],
    ['a joiner that HFS+ ignores', 'ab', 'a\u200db'],
    ['a character that Windows replaces', 'a_b', 'a*b']
  ])('refuses twins in %s, and accepts them in file systems', (_, one, other) => {
    expect(problem([one, other])).toMatch(/only in case or Unicode form/)
    expect(problem([one, other], { twins: 'accept' })).toBeUndefined()
    expect(problem([one, `${other}2`])).toBeUndefined()
  })

  it.each([
    ['a/b:c', /colon/],
    ['a./b', /ends in a dot/],
    ['a /b', /ends in a dot or space/],
    ['src/Aux.py', /device/],
    ['nul', /device/],
    ['a/COM1.tar.gz', /device/],
    ['lpt²/x', /device/]
  ])(
    'refuses %s, which Windows takes for something else, and accepts it in file systems',
    (name, message) => {
      expect(problem([name])).toMatch(message)
      expect(problem([name], { twins: 'accept' })).toBeUndefined()
    }
  )

  it.each(['auxiliary.py', 'con_fig', 'a/.hidden', 'null', 'com10', 'a b', 'd/x..y', '👩\u200d💻.txt'])(
    'accepts %s',
    (name) => {
      expect(problem([name])).toBeUndefined()
    }
  )

  it('bounds how many there are', () => {
    const names = new MemberNames()
    for (let at = 0; at < 250_000; at += 1) names.add(`n${at}`, false)
    expect(names.add('last', false)).toBe('the archive has more than 250000 entries')
  })
})

describe('pathProblem', () => {
  it.each(['\u200b', '\u200e', '\u00ad', '\u2066', '\ufeff', '\u{e0041}'])(
    'refuses a name with %j, which nobody sees',
    (character) => {
      expect(pathProblem(`a${character}b`)).toMatch(/invisible/)
    }
  )
})
