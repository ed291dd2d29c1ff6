import { describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { readZstd, type ZstdFacts } from '../../../src/formats/zstd.ts'
import { asTagproofError } from '../../../src/platform/errors.ts'
import { once, whole } from '../../../src/platform/pieces.ts'
import { inFolder, tool } from './tools.ts'

const noise = Buffer.concat(
  Array.from({ length: 2_000 }, (_, at) => createHash('sha256').update(String(at)).digest())
)
const text = Buffer.from('of the tag and its proof\n'.repeat(6_000))

async function pack(content: Buffer, ...options: string[]): Promise<Buffer> {
  return inFolder(async (folder) => {
    await writeFile(path.join(folder, 'f'), content)
    await tool('zstd', ['-q', ...options, 'f'], folder)
    return readFile(path.join(folder, 'f.zst'))
  })
}

/** What the reader makes of it: its bytes, or its sentence. */
async function read(bytes: Buffer, maximumSize?: number): Promise<Buffer | string> {
  try {
    return await whole(readZstd(once(bytes), maximumSize === undefined ? {} : { maximumSize }))
  } catch (error) {
    const { code, message } = asTagproofError(error)
    expect(code).toBe('archive-invalid')
    return message
  }
}

describe('what zstd packs comes out again', () => {
  it.each([
    ['as dpkg in Ubuntu', ['-19']],
    ['with threads', ['-T2', '-3']],
    ['without checksum and size', ['--no-check', '--no-content-size']],
    ['with a window of 128 MiB', ['--long=27']],
    ['fast', ['--fast=5']]
  ])('%s', async (_, options) => {
    for (const content of [Buffer.alloc(0), Buffer.from('x'), noise, text, Buffer.concat([text, noise])])
      expect((await read(await pack(content, ...options))).length).toBe(content.length)
    expect(await read(await pack(text, ...options))).toEqual(text)
  })
})

it('several frames are one content, and are told', async () => {
  const [one, other] = [await pack(text, '-19'), await pack(noise, '--no-check')]
  let facts: ZstdFacts | undefined
  const bytes = await whole(readZstd(once(Buffer.concat([one, other])), { onEnd: (told) => (facts = told) }))
  expect(bytes.equals(Buffer.concat([text, noise]))).toBe(true)
  expect(facts).toMatchObject({ frames: 2, checksum: false, sized: true })
})

describe('refused', () => {
  const skippable = Buffer.from('502a4d1804000000', 'hex')
  it.each<[string, (packed: Buffer) => Buffer, RegExp]>([
    ['nothing', () => Buffer.alloc(0), /the file is cut/],
    ['another format', () => Buffer.from('no zstd at all'), /not zstd/],
    [
      'a skippable frame after it',
      (packed) => Buffer.concat([packed, skippable, Buffer.from('evil')]),
      /skippable/
    ],
    [
      'a skippable frame before it',
      (packed) => Buffer.concat([skippable, Buffer.from('evil'), packed]),
      /skippable/
    ],
    ['bytes after it', (packed) => Buffer.concat([packed, Buffer.from('evil!')]), /not zstd/],
    ['a byte after it', (packed) => Buffer.concat([packed, Buffer.alloc(1)]), /data follows/],
    ['a frame that is cut', (packed) => packed.subarray(0, -9), /cut/],
    [
      'a reserved flag',
      (packed) => Buffer.concat([packed.subarray(0, 4), Buffer.from([0x08]), packed.subarray(5)]),
      /reserved flag/
    ],
    [
      'a dictionary',
      (packed) => Buffer.concat([packed.subarray(0, 4), Buffer.from([0x01]), packed.subarray(5)]),
      /dictionary/
    ],
    [
      'a wrong checksum',
      (packed) => Buffer.concat([packed.subarray(0, -1), Buffer.from([(packed.at(-1) ?? 0) ^ 1])]),
      /checksum/
    ]
  ])('%s', async (_, change, problem) => {
    expect(await read(change(await pack(text)))).toMatch(problem)
  })

  it('a window of more than 128 MiB', async () => {
    const packed = await pack(text, '--no-content-size')
    packed[5] = 18 << 3
    expect(await read(packed)).toMatch(/window of more than 128 MiB/)
    packed[5] = 17 << 3
    expect((await read(packed)).length).toBe(text.length)
  })

  it('a bomb, as soon as it is larger than allowed', async () => {
    const bomb = await pack(Buffer.alloc(3_000_000))
    expect(await read(bomb, 2_000_000)).toMatch(/more than 2000000 bytes/)
    expect((await read(bomb, 3_000_000)).length).toBe(3_000_000)
  })

  it('every byte but those of the content that was flipped', async () => {
    const packed = await pack(Buffer.from('a short text, short text, text'))
    for (let at = 0; at < packed.length; at += 1) {
      const flipped = Buffer.from(packed)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      expect([at, await read(flipped)]).toEqual([at, expect.any(String)])
    }
  })
})
