import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { ObjectId, Sha256 } from '../../../src/documents/identifiers.ts'
import { chooseScrambled } from '../../../src/source/inputs.ts'
import { namedByPyproject, namedBySetupCfg, namedBySetupScript } from '../../../src/source/metadata-names.ts'
import { classify, isBinary } from '../../../src/source/opaque.ts'
import { scramble, scrambledStream, scrambleSeed } from '../../../src/worlds/scramble.ts'
import type { TreeEntry } from '../../../src/source/tree.ts'

const prose = 'Some lines of a text, as people write them.\nAnd another one, with ünïcode.\n'.repeat(40)
const base64 = (bytes: number): string => randomBytes(bytes).toString('base64')
const lines = (text: string, width: number): string =>
  (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join('\n')
const ideographs = (count: number, range: number): string =>
  Array.from({ length: count }, (_, at) => String.fromCodePoint(0x4e00 + ((at * 7919) % range))).join('')

describe('classify', () => {
  it.each<[string, string, string | Buffer, string | undefined]>([
    ['prose', 'README.md', prose, undefined],
    ['nothing', 'tests/empty', '', undefined],
    ['a NUL at the very end', 'a.txt', `${prose}\0`, 'binary'],
    ['Latin-1', 'a.txt', Buffer.from('caf\xe9\n', 'latin1'), 'binary'],
    ['an escape character', 'a.txt', 'a\u001b[31m', 'binary'],
    ['a form feed, tabs and CRLF', 'a.c', 'a\f\tb\r\n', undefined],
    ['base64 in one run', 'src/a.py', `x = "${base64(300)}"\n`, 'encoded'],
    ['url-safe base64', 'src/a.py', `x = "${randomBytes(300).toString('base64url')}"\n`, 'encoded'],
    ['base64 in lines', 'a.txt', `begin\n${lines(base64(600), 76)}\nend\n`, 'encoded'],
    ['base64 in quoted lines', 'a.py', lines(base64(600), 76).replace(/^.*$/gm, '    "$&"'), 'encoded'],
    ['escapes', 'a.py', `x = b"${'\\x7f'.repeat(60)}"\n`, 'encoded'],
    ['rulers', 'a.rst', `${'='.repeat(300)}\n${`${'-'.repeat(70)}\n`.repeat(20)}`, undefined],
    [
      'hashes of requirements',
      'req.txt',
      `    --hash=sha256:${'0a1b2c3d'.repeat(8)} \\\n`.repeat(30),
      undefined
    ],
    ['base85 in short lines', 'a.txt', lines(denseText(4000), 50), 'dense'],
    ['Chinese prose', 'zh.po', `${ideographs(3000, 400)}\n`, undefined],
    ['ideographs as an encoding', 'zh.txt', ideographs(3000, 20_000), 'dense'],
    ['a minified script', 'a.js', `${'var a=1;function f(b){return b+a};'.repeat(60)}\n`, 'minified'],
    ['a script', 'a.js', 'var a = 1\nfunction f(b) {\n  return a\n}\n'.repeat(40), undefined],
    ['a long line of Python', 'a.py', `x = "${'word '.repeat(2000)}"\n`, undefined],
    ['text below tests', 'a/tests/b/c.py', 'x = 1\n', 'tests'],
    ['text below Test_Data', 'Test_Data/c', 'x = 1\n', 'tests'],
    ['text below doc', 'doc/c.rst', prose, 'docs'],
    ['text below examples', 'examples/c.py', prose, 'examples'],
    ['text below benchmarks', 'benchmarks/c.py', prose, 'benchmarks'],
    ['a file called tests', 'src/tests', prose, undefined],
    ['numpy.testing', 'numpy/testing/utils.py', prose, undefined],
    ['contest', 'contest/a.py', prose, undefined],
    ['a meson file below tests', 'tests/meson.build', prose, undefined],
    [
      'hex in 50-character lines below tests',
      'tests/a.txt',
      lines(randomBytes(900).toString('hex'), 50),
      'tests'
    ],
    ['a translation below tests', 'tests/x.po', prose, 'tests']
  ])('%s', (_, path, content, reason) => expect(classify(path, Buffer.from(content))).toBe(reason))
})

const seed = createHash('sha256').update('x').digest('hex') as Sha256

describe('scramble', () => {
  it('keeps size and kind, never the bytes, and is the same each time', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.string(), (array, path) => {
        const bytes = Buffer.from(array)
        const scrambled = scramble(bytes, path, seed)
        expect(scrambled.length).toBe(bytes.length)
        expect(scrambled.equals(bytes)).toBe(false)
        expect(scramble(bytes, path, seed)).toEqual(scrambled)
        if (!isBinary(bytes)) expect(scrambled.toString()).toMatch(/^[a-z \n]*$/)
      })
    )
  })

  it('never gives back any single byte', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const one = Buffer.from([byte])
      for (const path of 'abcdefghij') expect(scramble(one, path, seed).equals(one)).toBe(false)
    }
  })

  it('tells nothing of the original but its size and kind: the seed is public', () => {
    const one = scramble(Buffer.from('a\nlong line here\n'), 'p', seed)
    expect(scramble(Buffer.from('another\nline\nof 1\n').subarray(0, 17), 'p', seed)).toEqual(one)
  })

  it('differs from path to path and seed to seed', () => {
    const bytes = Buffer.from(prose)
    const other = scrambleSeed({ object: 'a'.repeat(40) as ObjectId, commit: 'b'.repeat(40) as ObjectId })
    expect(other).toBe(
      createHash('sha256')
        .update(`tagproof scramble 1\n${'a'.repeat(40)}\n${'b'.repeat(40)}`)
        .digest('hex')
    )
    expect(scramble(bytes, 'p', seed)).not.toEqual(scramble(bytes, 'q', seed))
    expect(scramble(bytes, 'p', seed)).not.toEqual(scramble(bytes, 'p', other))
  })

  it('streams what is too large', () => {
    const size = (1 << 20) + 5
    const streamed = Buffer.concat([...scrambledStream(size, 'p', seed)])
    expect(streamed).toEqual(scramble(Buffer.alloc(size), 'p', seed))
  })
})

describe('what the metadata names is left as it is', () => {
  const pyproject = `
[build-system]
build-backend = "backend.main"
backend-path = ["tests/build"]
[project]
name = "docs"
readme = { file = "docs/readme.md" }
license-files = ["tests/*"]
[tool.setuptools.dynamic]
version = { attr = "examples.info.version" }
dependencies = { file = ["docs/requirements.txt"] }
[tool.hatch.version]
path = "tests/version.py"
[tool.evil]
path = "tests/payload.txt"
`
  const setupCfg = `
[metadata]
long_description = file: docs/a.rst, docs/b.rst
version = attr: examples.sub.VERSION
license_files =
    docs/LICENSE
[x-metadata]
long_description_file =
    docs/changes.rst
`

  it('in pyproject.toml, by known keys alone', () => {
    const named = namedByPyproject(pyproject)
    expect(named.files).toEqual(
      expect.arrayContaining(['docs/readme.md', 'docs/requirements.txt', 'tests/version.py'])
    )
    expect(JSON.stringify(named)).not.toContain('payload')
    expect(namedByPyproject('no = = toml')).toEqual({ files: [], modules: [] })
  })

  it('in setup.cfg', () => {
    expect(namedBySetupCfg(setupCfg)).toEqual({
      files: ['docs/a.rst', 'docs/b.rst', 'docs/LICENSE', 'docs/changes.rst'],
      modules: ['examples.sub.VERSION']
    })
  })

  it('in a setup script: sources of extensions, by their path or its end', () => {
    const script = `DIR = 'src/x/tests/'\nExtension('x', [DIR + '_ext.c', "tests/b.pyx"])\nopen('tests/data.txt')\n`
    const paths = [
      'src/x/tests/_ext.c',
      'tests/b.pyx',
      'other/tests/b.pyx',
      'tests/data.txt',
      'tests/my_ext.c'
    ]
    expect(namedBySetupScript(script, paths)).toEqual([
      'src/x/tests/_ext.c',
      'tests/b.pyx',
      'other/tests/b.pyx'
    ])
    expect(namedBySetupScript('', paths)).toEqual([])
  })

  it('and nothing beside it, nor a binary file under such a name', async () => {
    const texts: Record<string, string> = { 'pyproject.toml': pyproject, 'setup.cfg': setupCfg }
    const entries = Object.keys(texts).map(
      (path) => ({ path, mode: '100644', id: path, size: 1 }) as unknown as TreeEntry
    )
    const choice = await chooseScrambled(entries, ['.'], { inputs: [], generated: [] }, (entry) =>
      Promise.resolve(Buffer.from(texts[entry.path] ?? ''))
    )
    const reason = (path: string, content = prose): string | undefined => {
      const { fate, reason } = choice.decide(path, Buffer.from(content))
      return fate === 'scramble' ? (reason ?? undefined) : undefined
    }
    for (const path of [
      'docs/readme.md',
      'docs/a.rst',
      'docs/LICENSE',
      'docs/__init__.py',
      'examples/info.py'
    ])
      expect([path, reason(path)]).toEqual([path, undefined])
    expect(reason('tests/build/backend/main.py')).toBeUndefined()
    expect(reason('setup.py', `x = "${base64(300)}"`)).toBeUndefined()
    expect(reason('docs/other.md')).toBe('docs')
    expect(reason('tests/payload.txt')).toBe('tests')
    expect(reason('tests/x')).toBe('tests')
    expect(reason('docs/readme.md', 'a\0b')).toBe('binary')
  })
})

/** Printable text of 85 characters, as dense as text gets. */
function denseText(length: number): string {
  return [...randomBytes(length)].map((byte) => String.fromCharCode(0x28 + (byte % 85))).join('')
}
