import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import type { ScrambledFile } from '../../../src/documents/plan.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { reproduce, type Reproduced, type ReproduceRequest } from '../../../src/proof/reproduce.ts'
import { scrambledAs } from '../../../src/worlds/scramble.ts'
import { writeDeb, type DebForm } from './debs.ts'
import { bytesOf, epoch, inFolder, scrambledFile } from './packages.ts'
import { stripped } from './stripped.ts'

const seed = sha256OfBytes('a seed')

interface Opaque {
  original: Buffer
  scrambled: Buffer
  record: ScrambledFile
}

function opaque(name: string, original: Buffer): Opaque {
  const scrambled = scrambledAs(original, name, seed, 1).bytes
  const hashes = { original: sha256OfBytes(original), scrambled: sha256OfBytes(scrambled) }
  return { original, scrambled, record: { ...scrambledFile(name, '', ''), size: original.length, ...hashes } }
}

const logo = opaque('data/logo.bin', randomBytes(900))
/** Compressed it fills more KiB than noise of its size does, or fewer. */
const guide = opaque(
  'docs/guide.txt',
  Buffer.from('A guide of many words, one after the other.\n'.repeat(200))
)

interface Outcome extends Reproduced {
  isA: boolean
}

async function compare(
  a: DebForm,
  b: DebForm,
  from: readonly Opaque[] = [],
  options: Partial<ReproduceRequest> = {}
): Promise<Outcome> {
  return inFolder(async (folder) => {
    const name = 'pkg_1.0-1_all.deb'
    const place = (side: string): string => path.join(folder, side, name)
    for (const side of ['a', 'b', 'shipped']) await mkdir(path.dirname(place(side)))
    await writeDeb(place('a'), a)
    await writeDeb(place('b'), b)
    const result = await reproduce({
      a: place('a'),
      b: place('b'),
      shipped: place('shipped'),
      kind: 'deb',
      name,
      epoch,
      seed,
      scramble: from.map((file) => file.record),
      original: (file) =>
        Promise.resolve(from.find(({ record }) => record.path === file)?.original ?? Buffer.alloc(0)),
      ...options
    })
    const isA =
      result.artifact !== null && (await bytesOf(place('shipped'))).equals(await bytesOf(place('a')))
    return { ...result, isA }
  })
}

const codes = ({ findings }: Reproduced): string[] => findings.map(({ code }) => code)

type Side = 'original' | 'scrambled'

describe('equal debs', () => {
  it.each([true, false])('are shipped as they were built (dpkg-deb: %s)', async (real) => {
    const form: DebForm = { files: { 'usr/x': '1' }, links: { 'usr/y': 'x' }, real }
    const result = await compare(form, form)
    expect(result).toMatchObject({ isA: true, findings: [], stated: '1.0-1' })
    expect(result.artifact).toMatchObject({ packing: 'backend', kind: 'deb' })
  })
})

describe('originals', () => {
  it.each([true, false])(
    'are put back with their sums, and world a is shipped as it is (dpkg-deb: %s)',
    async (real) => {
      const of = (side: Side): DebForm => ({
        files: { 'usr/share/pkg/logo.bin': logo[side], 'usr/bin/x': '#!/bin/sh\n' },
        hardlinks: { 'usr/share/pkg/same.bin': 'usr/share/pkg/logo.bin' },
        real
      })
      const result = await compare(of('original'), of('scrambled'), [logo])
      expect(codes(result)).toEqual(['packed-by-a'])
      expect(result.isA).toBe(true)
      expect(result.artifact?.packing).toBe('backend')
      expect(result.artifact?.built.b).toBe(result.artifact?.sha256)
    }
  )

  it.each([true, false])(
    'go through documents that dh_compress packs, and the size that follows (dpkg-deb: %s)',
    async (real) => {
      const of = (side: Side): DebForm => ({
        files: { 'usr/share/doc/pkg/guide.txt.gz': gzipSync(guide[side], { level: 9 }), 'usr/x': 'x' },
        hardlinks: { 'usr/share/doc/pkg/same.gz': 'usr/share/doc/pkg/guide.txt.gz' },
        real
      })
      const result = await compare(of('original'), of('scrambled'), [guide])
      expect(codes(result)).toEqual(['packed-by-a'])
    }
  )

  it('do not excuse another size', async () => {
    const of = (side: Side, control = ''): DebForm => ({
      files: { 'usr/share/doc/pkg/guide.txt.gz': gzipSync(guide[side], { level: 9 }) },
      control
    })
    const result = await compare(of('original'), of('scrambled', 'Extra: x\n'), [guide])
    expect(result.findings).toMatchObject([{ code: 'content-differs', member: 'DEBIAN/control' }])
  })

  it('go through what strip-nondeterminism makes of them', async () => {
    for (const name of ['named.gz', 'pic.png', 'info.zip']) {
      const original = Buffer.from(stripped[name]?.original ?? '', 'base64')
      const file = opaque(`tests/${name}`, original)
      const made = Buffer.from(stripped[name]?.set ?? '', 'base64')
      const of = (content: Buffer): DebForm => ({ files: { [`usr/share/pkg/${name}`]: content } })
      expect(codes(await compare(of(made), of(file.scrambled), [file]))).toEqual(['packed-by-a'])
      // Anything else that a tool makes of it is refused, and told as such.
      const other = Buffer.concat([made, Buffer.from('x')])
      const refused = await compare(of(other), of(file.scrambled), [file])
      expect(codes(refused)).toEqual(['content-differs'])
      expect(refused.findings[0]?.cause).toContain(`World b has tests/${name} as it sees it`)
    }
  })

  it('go through it with one time of those that it may write, not one for each file', async () => {
    const [picture, packed] = ['pic.png', 'info.zip'].map((name) =>
      opaque(`tests/${name}`, Buffer.from(stripped[name]?.original ?? '', 'base64'))
    )
    if (picture === undefined || packed === undefined) throw new Error('there are two')
    const from = [picture, packed]
    const of = (one: Buffer, other: Buffer): DebForm => ({
      files: { 'usr/share/pkg/pic.png': one, 'usr/share/pkg/info.zip': other }
    })
    const b = of(picture.scrambled, packed.scrambled)
    const made = (name: string): Buffer => Buffer.from(stripped[name]?.set ?? '', 'base64')
    const a = of(made('pic.png'), made('info.zip'))
    for (const strippedTimes of [[epoch], [epoch - 99, epoch]])
      expect(codes(await compare(a, b, from, { strippedTimes }))).toEqual(['packed-by-a'])
    expect(codes(await compare(a, b, from, { strippedTimes: [epoch - 99] }))).toEqual([
      'content-differs',
      'content-differs'
    ])
  })

  it('go through texts with the digest of the file as it was, or as it was made, and of both at once never', async () => {
    const file = opaque('tests/pic.png', Buffer.from(stripped['pic.png']?.original ?? '', 'base64'))
    const made = Buffer.from(stripped['pic.png']?.set ?? '', 'base64')
    const of = (picture: Buffer, text: string): DebForm => ({
      files: { 'usr/share/pkg/pic.png': picture, 'usr/share/pkg/list.txt': text }
    })
    const ofB = (count: number): DebForm =>
      of(file.scrambled, `${sha256OfBytes(file.scrambled)}\n`.repeat(count))
    const [was, is] = [`${sha256OfBytes(file.original)}\n`, `${sha256OfBytes(made)}\n`]
    expect(codes(await compare(of(made, was), ofB(1), [file]))).toEqual(['packed-by-a'])
    expect(codes(await compare(of(made, is), ofB(1), [file]))).toEqual(['packed-by-a'])
    // A choice for each line would let world a write what it likes, bit by bit.
    expect(codes(await compare(of(made, was + is), ofB(2), [file]))).toEqual([
      'content-differs',
      'content-differs'
    ])
  })

  it('of which two have one scrambled form are put back nowhere but at their own paths', async () => {
    const [one, two] = [scrambledFile('tests/one', 'a', 'z'), scrambledFile('tests/two', 'b', 'z')]
    const options = {
      scramble: [one, two],
      original: (file: string) => Promise.resolve(Buffer.from(file === 'tests/one' ? 'a' : 'b'))
    }
    const spelled = await compare({ files: { x: 'a', y: 'b' } }, { files: { x: 'z', y: 'z' } }, [], options)
    expect(spelled.artifact).toBeNull()
  })
})

describe('a difference is refused', () => {
  const files = { 'usr/x': '1', 'usr/y': '2' }
  it.each<[string, DebForm, string, string | null]>([
    ['of a time', { files, mtime: epoch - 5 }, 'time-differs', 'usr/x'],
    ['of a mode', { files, mode: 0o640 }, 'mode-differs', 'usr/x'],
    ['of a set-id bit', { files, mode: 0o2644 }, 'mode-differs', 'usr/x'],
    ['of an owner', { files, owner: 1000 }, 'owner-differs', 'usr/x'],
    ['of a link', { files, links: { 'usr/z': 'x' } }, 'member-missing', 'usr/z'],
    ['of a field', { files, control: 'Depends: evil\n' }, 'content-differs', 'DEBIAN/control'],
    ['of the order of files', { files, reverse: true }, 'container-differs', null],
    ['of the times of the package file', { files, time: epoch + 1 }, 'container-differs', null],
    ['of compression alone', { files: { ...files, 'usr/x': '1' }, level: 0 }, 'container-differs', null]
  ])('%s', async (_, other, code, member) => {
    const result = await compare({ files }, other)
    expect(result.artifact).toBeNull()
    expect(result.findings).toContainEqual(expect.objectContaining({ code, member, severity: 'refuse' }))
  })

  it('of the order or the times of the package file, though originals are put back', async () => {
    const of = (side: Side, form: Partial<DebForm> = {}): DebForm => ({
      files: { 'usr/logo': logo[side], 'usr/x': '1' },
      ...form
    })
    for (const form of [{ reverse: true }, { time: epoch + 1 }]) {
      const result = await compare(of('original'), of('scrambled', form), [logo])
      expect(codes(result)).toEqual(['container-differs'])
    }
  })
})
