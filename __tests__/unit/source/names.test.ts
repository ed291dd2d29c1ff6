import { describe, expect, it } from '@jest/globals'
import { checkTagName, quotedName } from '../../../src/source/tag-name.ts'
import { sameVersion, versionOfTag } from '../../../src/source/version.ts'
import { globMatcher } from '../../../src/source/glob.ts'
import { exportOrder } from '../../../src/source/export-order.ts'

describe('versionOfTag', () => {
  it.each([
    ['v1.2.3', '1.2.3'],
    ['1.2.3', '1.2.3'],
    ['V2.0', '2.0'],
    ['ckan-2.11.5', '2.11.5'],
    ['release/1.2', '1.2'],
    ['project-v1.0rc1', '1.0rc1'],
    ['my-project-1.0-rc1', '1.0-rc1'],
    ['py3-tool-1.0', '1.0'],
    ['pkg@4.5', '4.5'],
    ['v1.0+local.1', '1.0+local.1'],
    ['v2024.05.06', '2024.05.06'],
    ['v1.2.3.dev4', '1.2.3.dev4']
  ])('%s is version %s', (tag, version) => expect(versionOfTag(tag)).toBe(version))

  it.each(['latest', 'release', 'v', 'python3.11-tool', '1.2.3-ubuntu', 'vv1', 'release/'])(
    '%s shows none',
    (tag) => expect(() => versionOfTag(tag)).toThrow(expect.objectContaining({ code: 'version-unknown' }))
  )

  it.each([
    ['REL-1.0-final', 'REL-{version}-final', '1.0'],
    ['1.2.3-4~rc1', '{version}', '1.2.3-4~rc1']
  ])('%s by the pattern %s is %s', (tag, pattern, version) =>
    expect(versionOfTag(tag, pattern)).toBe(version)
  )

  it.each([
    ['v1.0', 'ckan-{version}'],
    ['ckan-', 'ckan-{version}'],
    ['ckan-next', 'ckan-{version}']
  ])('%s does not fit %s, and nothing is guessed then', (tag, pattern) =>
    expect(() => versionOfTag(tag, pattern)).toThrow(expect.objectContaining({ code: 'version-unknown' }))
  )
})

describe('sameVersion', () => {
  it.each([
    ['1.0', '1.0.0', true],
    ['1.0-rc1', '1.0rc1', true],
    ['v1.0', '1.0', true],
    ['1.0', '1.0.post1', false],
    ['1.0', '1.0+local', false],
    ['1-2~x', '1-2~x', true],
    ['1-2~x', '1-2~y', false]
  ])('%s and %s: %s', (a, b, same) => expect(sameVersion(a, b)).toBe(same))
})

describe('checkTagName', () => {
  it.each(['v1.0', 'a/b/c', 'ünï', "it's", '$(x)', 'a;b', '@x', 'x@', '1'])('takes %s', (name) => {
    checkTagName(name)
  })
  it.each(
    [
      '',
      '-x',
      'a b',
      'a..b',
      'a@{b',
      '@',
      'a/',
      '/a',
      'a//b',
      '.a',
      'a/.b',
      'a.lock',
      'a.lock/b',
      'a.',
      'a~1'
    ]
      .concat(['a^', 'a:b', 'a?', 'a*', 'a[b', 'a\\b', 'a\0', 'a\x7f', 'a\u200bb', 'a\u202eb', 'a\ufeff'])
      .concat(['x'.repeat(251), 'refs/tags/v1', 'a\u00a0b'])
  )('refuses %j', (name) =>
    expect(() => checkTagName(name)).toThrow(expect.objectContaining({ code: 'tag-name' }))
  )

  it('shows no character that acts on a terminal', () => {
    expect(quotedName('a\u001b[31m\u202e')).toBe('"a\\u001b[31m\\u{202e}"')
  })
})

describe('globMatcher', () => {
  it.each([
    ['tests/*.bin', 'tests/a.bin', true],
    ['tests/*.bin', 'tests/x/a.bin', false],
    ['tests/**/*.bin', 'tests/a.bin', true],
    ['tests/**/*.bin', 'tests/x/y/a.bin', true],
    ['**/*.bin', 'a.bin', true],
    ['tests', 'tests/x/y', true],
    ['tests/', 'tests/x', true],
    ['tests', 'tests2/x', false],
    ['./a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['[a-c].txt', 'b.txt', true],
    ['[!a-c].txt', 'b.txt', false],
    ['x.{png,jpg}', 'x.jpg', true],
    ['x.{png,jpg}', 'x.gif', false],
    ['a.b+(c)', 'a.b+(c)', true],
    ['a.b', 'axb', false],
    ['data/**', 'data/x/y', true],
    ['a[!b]c', 'a/c', false],
    ['{a*,b}*x', 'aa/x', false],
    ['{a,b}/{c,d}', 'b/c/below', true]
  ])('%s on %s: %s', (glob, path, matches) => expect(globMatcher([glob])(path)).toBe(matches))

  it('takes no longer for a glob and a path that are made to make an expression backtrack', () => {
    expect(globMatcher([`${'**a'.repeat(100)}b`])('a'.repeat(4000))).toBe(false)
  })

  it('refuses a glob that stands for too many', () => {
    expect(() => globMatcher(['{a,b}'.repeat(20)])).toThrow('too many alternatives')
  })
})

describe('exportOrder', () => {
  it('lists a folder before what it holds, and b the other way round', () => {
    const leaves = new Map(['b/x', 'a', 'b/y/z', 'b-c'].map((path) => [path, path]))
    expect(exportOrder(leaves, 'a').map(({ path }) => path)).toEqual(['a', 'b', 'b/x', 'b/y', 'b/y/z', 'b-c'])
    expect(exportOrder(leaves, 'b').map(({ path }) => path)).toEqual(['b-c', 'b', 'b/y', 'b/y/z', 'b/x', 'a'])
  })
})
