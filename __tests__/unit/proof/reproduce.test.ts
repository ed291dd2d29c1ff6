import { describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ScrambledFile } from '../../../src/documents/plan.ts'
import { hashFile } from '../../../src/platform/files.ts'
import { reproduce, type Reproduced } from '../../../src/proof/reproduce.ts'
import {
  bytesOf,
  epoch,
  inFolder,
  scrambledFile,
  writeSdist,
  writeWheel,
  type Files,
  type SdistForm
} from './packages.ts'

const original = 'original\n'
const scrambled = 'xqzjkvwp\n'
const fixture = scrambledFile('tests/data.txt', original, scrambled)

interface Outcome extends Reproduced {
  shippedIsA: boolean
  shippedIsB: boolean
  shippedExists: boolean
  shippedHash: string
}

async function compare(
  kind: 'sdist' | 'wheel',
  write: (a: string, b: string) => Promise<void>,
  scramble: ScrambledFile[] = [],
  originals: Record<string, string> = { 'tests/data.txt': original }
): Promise<Outcome> {
  return inFolder(async (folder) => {
    const name = kind === 'sdist' ? 'pkg-1.0.tar.gz' : 'pkg-1.0-py3-none-any.whl'
    const [a, b, shipped] = ['a', 'b', 'shipped'].map((part) => path.join(folder, part, name)) as [
      string,
      string,
      string
    ]
    for (const file of [a, b, shipped]) await mkdir(path.dirname(file))
    await write(a, b)
    const result = await reproduce({
      a,
      b,
      kind,
      name,
      epoch,
      scramble,
      original: (file) => Promise.resolve(Buffer.from(originals[file] ?? '')),
      shipped
    })
    const shippedExists = existsSync(shipped)
    const bytes = shippedExists ? await bytesOf(shipped) : Buffer.alloc(0)
    return {
      ...result,
      shippedExists,
      shippedIsA: bytes.equals(await bytesOf(a)),
      shippedIsB: bytes.equals(await bytesOf(b)),
      shippedHash: shippedExists ? (await hashFile(shipped)).sha256 : ''
    }
  })
}

const sdists =
  (a: Files, b: Files, formA: SdistForm = {}, formB: SdistForm = {}) =>
  async (fileA: string, fileB: string) => {
    await writeSdist(fileA, a, formA)
    await writeSdist(fileB, b, formB)
  }
const wheels =
  (a: Files, b: Files, timeB = epoch) =>
  async (fileA: string, fileB: string) => {
    await writeWheel(fileA, a)
    await writeWheel(fileB, b, timeB)
  }

describe('equal artifacts', () => {
  it('are shipped as the backend made them when both files are the same bytes', async () => {
    const result = await compare('sdist', sdists({ 'a.py': 'x = 1\n' }, { 'a.py': 'x = 1\n' }))
    expect(result.findings).toEqual([])
    expect(result.artifact).toMatchObject({ packing: 'backend', version: '1.0', members: 2, kind: 'sdist' })
    expect(result.shippedIsA).toBe(true)
    expect(result.artifact?.built).toEqual({ a: result.shippedHash, b: result.shippedHash })
  })

  it.each([
    ['times', { mtime: epoch + 5 }, 'mtime'],
    ['modes by umask', { mode: 0o600 }, 'mode'],
    ['order', { reverse: true }, 'order'],
    ['compression', { level: 3 }, 'deflate']
  ] as const)('are shipped in canonical form when %s differ', async (_, form, field) => {
    const files = { 'a.py': 'x = 1\n'.repeat(200), 'b.py': 'y = 2\n' }
    const result = await compare('sdist', sdists(files, files, {}, form))
    expect(result.artifact?.packing).toBe('canonical')
    expect(result.artifact?.built.a).toBe(result.artifact?.built.b)
    expect(result.artifact?.sha256).toBe(result.shippedHash)
    expect(result.findings).toMatchObject([{ code: 'repacked', severity: 'note' }])
    expect(result.findings[0]?.message).toContain(field)
  })

  it('have no value of the packing in the note, so that the proof is the same each time', async () => {
    const files = { 'a.py': '' }
    const one = await compare('sdist', sdists(files, files, { mtime: 1 }, { mtime: 2 }))
    const other = await compare('sdist', sdists(files, files, { mtime: 3 }, { mtime: 4 }))
    expect(one).toEqual(other)
  })
})

describe('originals', () => {
  it('are put back into an sdist, which is never shipped as the backend compressed it', async () => {
    const write = sdists({ 'tests/data.txt': original }, { 'tests/data.txt': scrambled })
    const result = await compare('sdist', write, [fixture])
    expect(result.findings).toMatchObject([{ code: 'repacked', severity: 'note' }])
    expect(result.artifact?.packing).toBe('canonical')
    expect(result.shippedIsA).toBe(false)
  })

  it('are put back under any name: bytes decide', async () => {
    const write = sdists({ 'moved/elsewhere.bin': original }, { 'moved/elsewhere.bin': scrambled })
    expect((await compare('sdist', write, [fixture])).artifact?.packing).toBe('canonical')
  })

  it('are put back into a wheel and its RECORD', async () => {
    const write = wheels({ 'pkg/data.txt': original }, { 'pkg/data.txt': scrambled })
    const result = await compare('wheel', write, [fixture])
    expect(result.findings).toMatchObject([{ code: 'repacked' }])
    expect(result.artifact?.built).toEqual({ a: result.shippedHash, b: result.shippedHash })
  })

  it('are put back before the canonical form is made, and hashed in both', async () => {
    const files = (content: string): Files => ({ 'pkg/data.txt': content, 'pkg/a.py': 'x = 1\n' })
    for (const [kind, write] of [
      ['wheel', wheels(files(original), files(scrambled), epoch + 86_400)],
      ['sdist', sdists(files(original), files(scrambled), {}, { mtime: 7 })]
    ] as const) {
      const result = await compare(kind, write, [fixture])
      expect(result.artifact?.packing).toBe('canonical')
      expect(result.artifact?.built).toEqual({ a: result.shippedHash, b: result.shippedHash })
    }
  })

  it('of which two have one scrambled form go only where their own paths say', async () => {
    const one = scrambledFile('tests/one', 'a', 'z')
    const two = scrambledFile('tests/two', 'b', 'z')
    const originals = { 'tests/one': 'a', 'tests/two': 'b' }
    const own = sdists({ 'tests/one': 'a', 'tests/two': 'b' }, { 'tests/one': 'z', 'tests/two': 'z' })
    expect((await compare('sdist', own, [one, two], originals)).artifact?.packing).toBe('canonical')
    // Elsewhere a free choice among them would let world a spell any text, while world b shows one letter.
    const spelled = sdists({ 'pkg/1': 'a', 'pkg/2': 'b' }, { 'pkg/1': 'z', 'pkg/2': 'z' })
    const result = await compare('sdist', spelled, [one, two], originals)
    expect(result.artifact).toBeNull()
    expect(result.findings).toMatchObject([{ code: 'content-differs' }, { code: 'content-differs' }])
  })

  it('are not put where both worlds have the bytes of a scrambled file by chance', async () => {
    const files = { 'pkg/z.txt': scrambled }
    const result = await compare('sdist', sdists(files, files), [fixture])
    expect(result.artifact?.packing).toBe('backend')
  })

  it('do not excuse a member that world a has in another form', async () => {
    const result = await compare('sdist', sdists({ 'pkg/x': 'something' }, { 'pkg/x': scrambled }), [fixture])
    expect(result.artifact).toBeNull()
    expect(result.findings).toMatchObject([{ code: 'content-differs', member: 'pkg-1.0/pkg/x' }])
  })

  it('that are not those of the plan stop the proof', async () => {
    const write = sdists({ d: original }, { d: scrambled }, {}, { mtime: 1 })
    await expect(compare('sdist', write, [fixture], { 'tests/data.txt': 'other' })).rejects.toMatchObject({
      code: 'document-mismatch'
    })
  })
})

describe('different artifacts', () => {
  it('are refused with the member, the place, both values and nothing shipped', async () => {
    const result = await compare('sdist', sdists({ 'a.py': 'x = 1\ny = 2\n' }, { 'a.py': 'x = 1\ny = 3\n' }))
    expect(result.artifact).toBeNull()
    expect(result.shippedExists).toBe(false)
    expect(result.findings).toMatchObject([
      {
        check: 'reproduced',
        code: 'content-differs',
        severity: 'refuse',
        artifact: 'pkg-1.0.tar.gz',
        member: 'pkg-1.0/a.py',
        message: 'pkg-1.0/a.py differs in line 2 (offset 10): world a has "y = 2", world b has "y = 3"'
      }
    ])
  })

  it('show bytes of a binary, and escape what could move a cursor', async () => {
    const binary = await compare(
      'sdist',
      sdists({ x: Buffer.from([0, 1, 2]) }, { x: Buffer.from([0, 1, 3]) })
    )
    expect(binary.findings[0]?.message).toContain('at offset 2: world a has 02, world b has 03')
    const hostile = await compare('sdist', sdists({ x: 'a\u001b[2J\u202e' }, { x: 'b\u001b[2J\u202e' }))
    expect(hostile.findings[0]?.message).toMatch(/^[ -~]*$/)
  })

  it('are refused when a member is in one world alone', async () => {
    const result = await compare('wheel', wheels({ 'pkg/a.py': '', 'pkg/b.py': '' }, { 'pkg/a.py': '' }))
    expect(result.findings).toMatchObject([{ code: 'member-missing', member: 'pkg/b.py' }])
    expect(result.findings[0]?.message).toContain('world a alone')
  })

  it('are refused for the executable bit, and for no other permission', async () => {
    const result = await compare('sdist', sdists({ x: '' }, { x: '' }, { mode: 0o755 }, { mode: 0o644 }))
    expect(result.findings.map((finding) => finding.code)).toContain('mode-differs')
    const umask = await compare('sdist', sdists({ x: '' }, { x: '' }, { mode: 0o755 }, { mode: 0o700 }))
    expect(umask.artifact?.packing).toBe('canonical')
  })

  it('of a wheel are told by their own member, not by RECORD', async () => {
    const result = await compare('wheel', wheels({ 'pkg/a.py': '1' }, { 'pkg/a.py': '2' }))
    expect(result.findings.map((finding) => finding.member)).toEqual(['pkg/a.py'])
  })

  it('put a member that repeats the hash of another difference last', async () => {
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
    const files = (text: string): Files => ({ 'a-manifest.json': `{"z": "${hash(text)}"}\n`, 'z.py': text })
    const result = await compare('sdist', sdists(files('T = 1\n'), files('T = 2\n')))
    expect(result.findings.map((finding) => finding.member)).toEqual([
      'pkg-1.0/z.py',
      'pkg-1.0/a-manifest.json'
    ])
    expect(result.findings[1]?.cause).toContain('hash of another member')
  })

  it('are counted where they are many', async () => {
    const files = (text: string): Files =>
      Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${String(at).padStart(2, '0')}`, text]))
    const result = await compare('sdist', sdists(files('1'), files('2')))
    expect(result.findings).toHaveLength(21)
    expect(result.findings.at(-1)).toMatchObject({
      code: 'more-differences',
      message: '10 more members differ'
    })
  })

  it('that are no archive at all are a finding about the container', async () => {
    const result = await compare('sdist', async (a, b) => {
      await writeSdist(a, {})
      await writeFile(b, 'nothing')
    })
    expect(result.findings).toMatchObject([
      { check: 'container', code: 'archive-invalid', severity: 'refuse' }
    ])
    expect(result.shippedExists).toBe(false)
  })
})
