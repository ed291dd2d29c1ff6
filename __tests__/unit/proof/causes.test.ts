import { describe, expect, it } from '@jest/globals'
import type { Variation } from '../../../src/documents/fields.ts'
import { findCause } from '../../../src/proof/causes.ts'
import { firstDifference, isText, lineAt } from '../../../src/proof/content.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { scrambledFile } from './packages.ts'

const applied = (name: Variation['name'], value: string): Variation => ({
  name,
  value,
  applied: true,
  reason: ''
})
const fixture = scrambledFile('tests/data.bin', 'original', 'xqzjkvwp')

function ruleFor(
  one: string | Buffer,
  other: string | Buffer,
  member = 'pkg/__init__.py'
): string | undefined {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  const { offset } = firstDifference(a, b)
  return findCause({
    kind: 'wheel',
    member,
    a,
    b,
    text: isText(a) && isText(b),
    lineA: lineAt(a, offset),
    lineB: lineAt(b, offset),
    members: new Set(['pkg/__init__.py', 'pkg/alpha.py', 'pkg/beta.py', 'pkg/gamma.py']),
    scrambled: new Map([[fixture.scrambled, fixture]]),
    backend: 'setuptools',
    variations: {
      a: [applied('build-path', '/build/tree'), applied('host-name', 'calm-host'), applied('cpus', '4')],
      b: [applied('build-path', '/srv/b/tree'), applied('host-name', 'elsewhere'), applied('cpus', '3')]
    }
  })?.rule
}

describe('the cause of a difference', () => {
  it.each([
    ['T = 1764019999.25\n', 'T = 1798579999.5\n', 'timestamp'],
    ['built 2026-11-24T21:33:02\n', 'built 2027-12-29T21:33:09\n', 'timestamp'],
    ['Built on Tue Nov 24 21:33:02 2026.\n', 'Built on Wed Dec 29 21:33:09 2027.\n', 'timestamp'],
    ['# 20261124\n', '# 20271229\n', 'timestamp'],
    ['at 2026-11-24 10:00:02\n', 'at 2026-11-25 00:00:02\n', 'timezone'],
    ["P = '/build/tree/pkg'\n", "P = '/srv/b/tree/pkg'\n", 'build-path'],
    ["P = '/build/sdist/pkg'\n", "P = '/srv/b/sdist/pkg'\n", 'build-path'],
    ["P = '/tmp/abc/x'\n", "P = '/tmp/def/x'\n", 'absolute-path'],
    [
      "L = ['one.txt', 'two.txt', 'three.txt']\n",
      "L = ['three.txt', 'two.txt', 'one.txt']\n",
      'directory-order'
    ],
    ["H = 'calm-host'\n", "H = 'elsewhere'\n", 'host-name'],
    ["S = ['red', 'green', 'blue']\n", "S = ['blue', 'red', 'green']\n", 'set-order'],
    [
      "L = ['alpha.py', 'beta.py', 'gamma.py']\n",
      "L = ['gamma.py', 'beta.py', 'alpha.py']\n",
      'directory-order'
    ],
    ['C = 4\n', 'C = 3\n', 'cpu-count'],
    ["K = '9f86d081884c7d65'\n", "K = '60303ae22b998861'\n", 'random'],
    ['f = <object at 0x7f0011223344>\n', 'f = <object at 0x7f1155667788>\n', 'memory-address'],
    [`H = '${sha256OfBytes('original')}'\n`, `H = '${sha256OfBytes('xqzjkvwp')}'\n`, 'scrambled-influence']
  ])('of %j and %j is %s', (one, other, rule) => {
    expect(ruleFor(one, other)).toBe(rule)
  })

  it('of compiled files is told by what they are', () => {
    const [one, other] = [Buffer.from([0, 1, 2, 3]), Buffer.from([0, 1, 2, 4])]
    expect(ruleFor(one, other, 'pkg/x.cpython-311-x86_64-linux-gnu.so')).toBe('compiled-object')
    expect(ruleFor(one, other, 'pkg/__pycache__/x.cpython-311.pyc')).toBe('bytecode')
  })

  it('is left open where nothing points to one', () => {
    expect(ruleFor('x = 1\n', 'x = 2\n')).toBeUndefined()
  })
})
