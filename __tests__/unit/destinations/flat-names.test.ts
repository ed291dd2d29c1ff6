import { describe, expect, it } from '@jest/globals'
import { fixedPrefix, keyReader, newestFirst } from '../../../src/destinations/files/known-keys.ts'
import {
  flatNames,
  sumsTemplate,
  type FlatFile,
  type NamesRequest
} from '../../../src/destinations/files/names.ts'
import { sha256 } from '../../../src/documents/identifiers.ts'

const values = { version: '2.11.5', tag: 'ckan-2.11.5' }
const file = (name: string, target: string, arch: string | null = null): FlatFile => ({
  ...{ name, target, arch, size: 1, sha256: sha256('0'.repeat(64)), file: `/packages/${name}` }
})
const files = [
  file('ckan-2.11.5.tar.gz', 'python'),
  file('python-ckan_2.11.5-1~jammy_amd64.deb', 'jammy', 'amd64'),
  file('python-ckan_2.11.5-1~jammy_arm64.deb', 'jammy', 'arm64'),
  file('python-ckan_2.11.5-1~noble_amd64.deb', 'noble', 'amd64')
]
const ask = (more: Partial<NamesRequest> = {}): NamesRequest => ({
  destination: 'files',
  values,
  files,
  names: '{version}/{file}',
  aliases: {},
  sums: true,
  ...more
})

describe('names', () => {
  it('are made by the template, and aliases by what they stand for', () => {
    const {
      files: placed,
      aliases,
      sumsKey
    } = flatNames(
      ask({
        aliases: {
          'ckan-{series}.tar.gz': 'python',
          'python-ckan_{series}-{target}_{arch}.deb': '*~jammy_*.deb',
          'noble.deb': 'noble'
        }
      })
    )
    expect(placed.map(({ key }) => key)).toEqual(files.map(({ name }) => `2.11.5/${name}`))
    expect(sumsKey).toBe('2.11.5/SHA256SUMS')
    expect(aliases.map(({ key, of }) => [key, of.name])).toEqual([
      ['ckan-2.11.tar.gz', 'ckan-2.11.5.tar.gz'],
      ['python-ckan_2.11-jammy_amd64.deb', 'python-ckan_2.11.5-1~jammy_amd64.deb'],
      ['python-ckan_2.11-jammy_arm64.deb', 'python-ckan_2.11.5-1~jammy_arm64.deb'],
      ['noble.deb', 'python-ckan_2.11.5-1~noble_amd64.deb']
    ])
  })

  it.each([
    ['an alias of several files', { aliases: { 'x.deb': 'jammy' } }, /not the name of one file/],
    ['an alias of no file', { aliases: { 'x.deb': '*.rpm' } }, /not the name of one file/],
    ['two files of one name', { names: '{version}/{target}' }, /Two files/],
    [
      'an alias with the name of a file',
      { aliases: { '{version}/ckan-2.11.5.tar.gz': 'python' } },
      /Two files/
    ],
    [
      'an alias with the name of the list',
      { aliases: { '{version}/SHA256SUMS.asc': 'python' } },
      /Two files/
    ],
    ['an architecture of what has none', { names: '{version}/{arch}/{file}' }, /cannot be filled in/]
  ])('%s is refused', (_title, more, message) => {
    expect(() => flatNames(ask(more))).toThrow(message)
  })

  it.each([
    ['{version}/{file}', '{version}/SHA256SUMS'],
    ['{file}', 'SHA256SUMS-{version}'],
    ['get/{target}/{version}/{file}', 'get/{version}/SHA256SUMS'],
    ['{tag}/{arch}-{file}', '{tag}/SHA256SUMS'],
    ['{series}/{file}', '{series}/SHA256SUMS-{version}'],
    ['debs/{target}_{version}_{arch}.deb', 'debs/SHA256SUMS-{version}'],
    ['{target}/{version}.deb', 'SHA256SUMS-{version}']
  ])('the list of %s is %s', (names, sums) => expect(sumsTemplate(names)).toBe(sums))
})

describe('keys of a store', () => {
  it('are read by the template that made them, versions by the order of PEP 440', () => {
    const read = keyReader('{version}/{file}', values)
    const known = [
      '2.9.1/a.deb',
      '2.11.4/a.deb',
      '2.11.4/b.deb',
      '2.11.5rc1/a.deb',
      'other/a.deb',
      '2.11.4/sub/a.deb',
      'a.deb'
    ].map(read)
    expect(known.map((one) => one?.version ?? null)).toEqual([
      '2.9.1',
      '2.11.4',
      '2.11.4',
      '2.11.5rc1',
      null,
      null,
      null
    ])
    expect(newestFirst(known.filter((one) => one !== null))).toEqual(['2.11.5rc1', '2.11.4', '2.9.1'])
  })

  it('of tags tell the version where this release shows what is before it', () => {
    const read = (tag: string, key: string): string | undefined =>
      keyReader('get/{tag}/{file}', { version: '2.11.5', tag })(key)?.version
    expect([
      read('ckan-2.11.5', 'get/ckan-2.11.4/x'),
      read('ckan-2.11.5', 'get/v2.11.4/x'),
      read('release', 'get/ckan-2.11.4/x')
    ]).toEqual(['2.11.4', undefined, undefined])
  })

  it('of templates with one name twice, and letters that mean something in patterns', () => {
    const read = keyReader('a+b.{version}/{file}_{version}', values)
    expect([read('a+b.1.0/x_1.0')?.file, read('a+b.1.0/x_1.1'), read('aab.1.0/x_1.0')]).toEqual([
      'x',
      null,
      null
    ])
    expect([fixedPrefix('get/{version}/{file}'), fixedPrefix('{file}')]).toEqual(['get/', ''])
  })

  it('of templates that tell no version are not read', () => {
    expect(keyReader('{file}', values)('2.11.4')).toBeNull()
  })
})
