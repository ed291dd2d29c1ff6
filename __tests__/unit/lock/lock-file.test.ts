import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { sha256, type Sha256 } from '../../../src/documents/identifiers.ts'
import type { Lock } from '../../../src/documents/lock.ts'
import { formatLock, parseLock } from '../../../src/lock/lock-file.ts'
import { TagproofError } from '../../../src/platform/errors.ts'

const hash = (digit: string): Sha256 => sha256(digit.repeat(64))

const lock: Lock = {
  schema: 'tagproof/lock/1',
  roots: {
    python: {
      suite: 'stable',
      architecture: 'amd64',
      components: ['main'],
      indexes: [
        {
          suite: 'stable',
          origin: 'Example',
          codename: 'stable',
          date: 'Sat, 11 Jul 2026 10:16:37 UTC',
          inRelease: hash('1')
        },
        { suite: 'stable-security', origin: 'Example', codename: 'stable', date: '', inRelease: hash('2') }
      ],
      requested: ['python3'],
      packages: [
        {
          name: 'python3',
          version: '1:3.11.2-1+b1',
          architecture: 'amd64',
          suite: 'stable',
          file: 'pool/main/p/python3_3.11.2-1+b1_amd64.deb',
          size: 26300,
          sha256: hash('3')
        },
        {
          name: 'adduser',
          version: '3.134',
          architecture: 'all',
          suite: 'stable-security',
          file: 'pool/main/a/adduser_3.134_all.deb',
          size: 5,
          sha256: hash('4')
        }
      ]
    }
  },
  python: {
    python: {
      interpreter: '3.11.2',
      requested: ['setuptools>=61', 'wheel; python_version < "4"'],
      packages: [
        {
          name: 'wheel',
          version: '0.48.0',
          file: 'wheel-0.48.0-py3-none-any.whl',
          size: 7,
          sha256: hash('6'),
          because: ['build-system.requires']
        },
        {
          name: 'setuptools',
          version: '84',
          file: 'setuptools-84-py3-none-any.whl',
          size: 8,
          sha256: hash('5'),
          because: ['build-system.requires', 'wheel']
        }
      ]
    }
  }
}

const text = formatLock(lock)
const lineOf = (part: string): number => text.split('\n').findIndex((line) => line.includes(part)) + 1

function refusal(broken: string): TagproofError {
  try {
    parseLock(broken, 'tagproof.lock')
  } catch (error) {
    if (error instanceof TagproofError) return error
    throw error
  }
  throw new Error('the lock was accepted')
}

describe('the text of a lock', () => {
  it('holds one package a line, sorted, whatever order it was given in', () => {
    const packages = text.split('\n').filter((line) => line.startsWith('      - { name:'))
    expect(packages.map((line) => /name: ([a-z0-9-]+)/.exec(line)?.[1])).toEqual([
      'adduser',
      'python3',
      'setuptools',
      'wheel'
    ])
    const root = lock.roots.python
    const shuffled = {
      ...lock,
      roots: root === undefined ? {} : { python: { ...root, packages: [...root.packages].reverse() } }
    }
    expect(formatLock(shuffled)).toBe(text)
  })

  it('is read back as it was, and written again as the same bytes', () => {
    const read = parseLock(text, 'tagproof.lock')
    expect(formatLock(read)).toBe(text)
    expect(read.roots.python?.packages.map((entry) => entry.version)).toEqual(['3.134', '1:3.11.2-1+b1'])
    expect(read.python.python?.packages[0]?.version).toBe('84')
  })

  it('says at its top what it is and how to review it', () => {
    expect(text.startsWith('# What the builds of this repository need')).toBe(true)
  })

  it('keeps texts that YAML would take for something else', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ maxLength: 40 }).filter((word) => !/[\0\uFFFD\uFEFF]|[\uD800-\uDFFF]/.test(word)),
          { maxLength: 8 }
        ),
        (requested) => {
          const python = { python: { interpreter: '3.11.2', requested, packages: [] } }
          const read = parseLock(formatLock({ schema: 'tagproof/lock/1', roots: {}, python }), 'lock')
          expect(read.python.python?.requested).toEqual(
            [...requested].sort((left, right) => (left < right ? -1 : left > right ? 1 : 0))
          )
        }
      )
    )
    for (const word of [
      'no',
      'null',
      '1e3',
      '0x10',
      '1_000',
      '.5',
      '~',
      '2026-01-01',
      '- a',
      '#',
      'a: b',
      '!tag',
      '&a',
      '*a'
    ]) {
      const python = { python: { interpreter: '3.11.2', requested: [word], packages: [] } }
      expect(
        parseLock(formatLock({ schema: 'tagproof/lock/1', roots: {}, python }), 'lock').python.python
          ?.requested
      ).toEqual([word])
    }
  })
})

describe('a lock that cannot be right', () => {
  const replace = (from: string | RegExp, to: string): string => {
    const changed = text.replace(from, to)
    if (changed === text) throw new Error(`nothing to replace: ${String(from)}`)
    return changed
  }

  it.each<[string, string, number, RegExp]>([
    ['is empty', '', 1, /no lock of this version/],
    ['is a list', '- a\n', 1, /no lock of this version/],
    [
      'is of another version',
      replace('tagproof/lock/1', 'tagproof/lock/2'),
      lineOf('schema:'),
      /no lock of this version/
    ],
    ['has marks of a merge', replace('roots:', '<<<<<<< HEAD\nroots:'), lineOf('roots:') + 0, /YAML/],
    ['is cut off in a package', text.slice(0, text.indexOf('444444') + 20), lineOf('adduser'), /YAML/],
    [
      'has a key twice',
      replace('    suite: stable\n', '    suite: stable\n    suite: other\n'),
      lineOf('    suite: stable') + 1,
      /YAML/
    ],
    [
      'has an anchor',
      replace('components: [main]', 'components: &c [main]'),
      lineOf('components:'),
      /anchor/
    ],
    ['has an alias', replace('components: [main]', 'components: *c'), lineOf('components:'), /YAML|alias/],
    [
      'has a tag',
      replace('interpreter: "3.11.2"', 'interpreter: !!binary "3.11.2"'),
      lineOf('interpreter:'),
      /tag/
    ],
    [
      'has an unknown key',
      replace('    architecture: amd64\n', '    architecture: amd64\n    trusted: true\n'),
      lineOf('    architecture: amd64') + 1,
      /roots\.python\.trusted/
    ],
    [
      'lacks a field',
      replace('    architecture: amd64\n', ''),
      lineOf('  python:'),
      /roots\.python\.architecture/
    ],
    ['has a hash that is too short', replace('4'.repeat(64), '4'.repeat(63)), lineOf('adduser'), /sha256/],
    ['has a hash in capitals', replace('4'.repeat(64), 'A'.repeat(64)), lineOf('adduser'), /sha256/],
    ['has a negative size', replace('size: 5,', 'size: -5,'), lineOf('adduser'), /size/],
    ['has a size that is text', replace('size: 5,', 'size: "5",'), lineOf('adduser'), /size/],
    ['leaves the pool', replace('pool/main/a/adduser', 'pool/../../a/adduser'), lineOf('adduser'), /file/],
    [
      'names an absolute path',
      replace('pool/main/a/adduser', '/pool/main/a/adduser'),
      lineOf('adduser'),
      /file/
    ],
    [
      'has a wheel in a folder',
      replace('file: wheel-0.48.0', 'file: ../wheel-0.48.0'),
      lineOf('wheel-0.48.0'),
      /file/
    ],
    [
      'has a number for a version',
      replace('version: "84"', 'version: 84'),
      lineOf('setuptools-84'),
      /version/
    ],
    [
      'has a package twice',
      replace('name: adduser', 'name: python3').replace('adduser_', 'python3_'),
      lineOf('1:3.11.2'),
      /twice/
    ],
    [
      'has a package of a foreign suite',
      replace('suite: stable-security, file', 'suite: other, file'),
      lineOf('adduser'),
      /not among the indexes/
    ],
    [
      'has a package of another architecture',
      replace('architecture: all', 'architecture: arm64'),
      lineOf('adduser'),
      /arm64/
    ],
    [
      'has a file of another package',
      replace('adduser_3.134', 'sudo_3.134'),
      lineOf('adduser'),
      /no file name of the package/
    ],
    [
      'has a wheel of another project',
      replace('file: wheel-0.48.0', 'file: evil-0.48.0'),
      lineOf('wheel, version'),
      /no file name of the project/
    ],
    [
      'has neither wheel nor sdist',
      replace('wheel-0.48.0-py3-none-any.whl', 'wheel-0.48.0.exe'),
      lineOf('wheel, version'),
      /neither wheel nor sdist/
    ],
    [
      'has one hash with two sizes',
      replace('6'.repeat(64), '5'.repeat(64)),
      lineOf('wheel, version'),
      /two sizes/
    ],
    ['holds a zero byte', replace('stable', 'sta\0ble'), 1, /UTF-8/]
  ])('%s: is refused with its line', (_name, broken, line, message) => {
    const error = refusal(broken)
    expect(error.code).toBe('lock-invalid')
    expect(error.message).toMatch(message)
    expect(error.detail.where).toBe(`tagproof.lock:${line}`)
    expect(error.detail.fix).toBeDefined()
  })

  it('is refused without exhausting memory when it is a bomb of aliases', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'.split('').map(
        (name, index) =>
          `${name}: &${name} [${Array(9)
            .fill(`*${'abcdefghi'[index] ?? 'a'}`)
            .join(',')}]`
      )
    ].join('\n')
    expect(refusal(bomb).message).toMatch(/anchor|alias/)
  })
})
