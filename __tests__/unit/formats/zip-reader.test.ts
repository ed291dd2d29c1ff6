import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { deflateRawSync } from 'node:zlib'
import { openZip } from '../../../src/formats/zip/reader.ts'
import {
  asFile,
  descriptorOf,
  extraField,
  forgeZip,
  gather,
  refusal,
  type ForgedZip,
  type ForgedZipEntry
} from './forge.ts'

async function read(
  bytes: Buffer
): Promise<{ path: string; isDirectory: boolean; mode: number; text: string }[]> {
  return asFile('x.zip', bytes, async (file) => {
    const zip = await openZip(file)
    try {
      const members = []
      for (const entry of zip.entries) {
        const { path, isDirectory, mode } = entry
        const text = (await gather(zip.content(entry))).toString()
        expect((await gather(zip.rawContent(entry))).length).toBe(entry.compressedSize)
        members.push({ path, isDirectory, mode, text })
      }
      return members
    } finally {
      await zip.close()
    }
  })
}

const text = Buffer.from('some text, some text, some text\n')
const packed = deflateRawSync(text)
const wide = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8)
  values.forEach((value, at) => bytes.writeBigUInt64LE(BigInt(value), at * 8))
  return bytes
}

describe('openZip reads', () => {
  it('stored and deflated files, folders, modes, and names in UTF-8', async () => {
    const bytes = forgeZip([
      { name: 'd/', content: Buffer.alloc(0), mode: 0o040755 },
      { name: 'd/é', content: text, method: 8, mode: 0o100755 },
      { name: 'plain', content: text, external: 0 }
    ])
    expect(await read(bytes)).toEqual([
      { path: 'd', isDirectory: true, mode: 0o755, text: '' },
      { path: 'd/é', isDirectory: false, mode: 0o755, text: text.toString() },
      { path: 'plain', isDirectory: false, mode: 0, text: text.toString() }
    ])
  })

  it('an empty archive', async () => {
    expect(await read(forgeZip([]))).toEqual([])
  })

  it('data descriptors that agree, as streaming builders write them', async () => {
    const signed = descriptorOf(text, packed.length)
    for (const after of [signed, signed.subarray(4)])
      expect(
        await read(forgeZip([{ name: 'a', content: text, method: 8, flags: 8, after }, { name: 'b' }]))
      ).toHaveLength(2)
  })

  it('time stamps of Info-ZIP that differ between the headers', async () => {
    const localExtra = extraField(0x5455, Buffer.from([3, 1, 2, 3, 4, 1, 2, 3, 4]))
    const centralExtra = extraField(0x5455, Buffer.from([3, 1, 2, 3, 4]))
    expect(await read(forgeZip([{ name: 'a', localExtra, centralExtra }]))).toHaveLength(1)
  })
})

describe('openZip refuses', () => {
  const a: ForgedZipEntry = { name: 'a' }
  /** `a` with its one-byte name and eight bytes of content. */
  const second = 30 + 1 + 8
  type Case = [string, ForgedZipEntry[], ForgedZip, number | undefined, number, RegExp]
  const entry = (what: string, forged: ForgedZipEntry, message: RegExp, shift = 0): Case => [
    what,
    [a, forged],
    {},
    1,
    second + shift,
    message
  ]
  it.each<Case>([
    ['two central entries of one name', [a, { ...a, content: text }], {}, 1, second, /appears twice/],
    [
      'two central entries for one local header',
      [a, { name: 'a', centralOnly: true }],
      {},
      0,
      0,
      /belong to nothing, or to two|reaches into/
    ],
    [
      'an entry only in local headers',
      [a, { name: 'hidden', hiddenFromDirectory: true }],
      {},
      0,
      second,
      /belong to nothing/
    ],
    [
      'a hidden entry in front',
      [{ name: 'hidden', hiddenFromDirectory: true }, a],
      {},
      0,
      0,
      /belong to nothing/
    ],
    ['bytes in front', [a], { prefix: Buffer.from('#!/bin/sh\n') }, 0, 0, /belong to nothing/],
    [
      'bytes before the central directory',
      [a],
      { beforeDirectory: Buffer.from('x') },
      0,
      second,
      /belong to nothing/
    ],
    [
      'bytes before the end record',
      [a],
      { beforeEnd: Buffer.from('x') },
      undefined,
      second + 47 + 1,
      /not right before/
    ],
    ['trailing bytes', [a], { tail: Buffer.from('x') }, undefined, second + 47 + 1, /does not end in/],
    ['an archive comment', [a], { endComment: 'hello' }, undefined, second + 47 + 5, /does not end in/],
    [
      'too small a count',
      [a, { name: 'b' }],
      { count: 1 },
      undefined,
      2 * (second + 47),
      /number of entries is wrong/
    ],
    ['an entry comment', [a, { name: 'b', comment: 'c' }], {}, 1, 2 * second + 47, /has a comment/],
    ['another disk', [a, { name: 'b', disk: 1 }], {}, 1, 2 * second + 47, /another disk/],
    [
      'a second name in 0x7075',
      [a, { name: 'b', centralExtra: extraField(0x7075, Buffer.alloc(9)) }],
      {},
      1,
      2 * second + 47,
      /0x7075/
    ],
    [
      'a cut extra field',
      [a, { name: 'b', centralExtra: Buffer.from([1, 2, 3]) }],
      {},
      1,
      2 * second + 47,
      /extra field is cut/
    ],
    [
      'an extra field twice',
      [a, { name: 'b', centralExtra: Buffer.concat([extraField(9, text), extraField(9, text)]) }],
      {},
      1,
      2 * second + 47,
      /appears twice/
    ],
    [
      'a ZIP64 field that nothing asks for',
      [a, { name: 'b', centralExtra: extraField(1, wide(8)) }],
      {},
      1,
      2 * second + 47,
      /ZIP64/
    ],
    [
      'ZIP64 in a header without the field',
      [a, { name: 'b', centralSize: 0xffffffff }],
      {},
      1,
      2 * second + 47,
      /ZIP64/
    ],
    entry(
      'a local ZIP64 field that disagrees',
      { name: 'b', localExtra: extraField(1, wide(9, 8)) },
      /ZIP64 extra field disagrees/
    ),
    entry('different names in the two headers', { name: 'b', localName: 'c' }, /different names/),
    entry('different times', { name: 'b', localTime: 1 }, /disagree on dosTime/),
    entry('different sizes', { name: 'b', localSize: 3 }, /disagree on size/),
    entry('encryption', { name: 'b', flags: 1 }, /encrypted/),
    entry('unknown flags', { name: 'b', flags: 0x40 }, /unknown flags/),
    entry('another method', { name: 'b', method: 12, packed: text, content: text }, /method 12/),
    entry(
      'stored with two sizes',
      { name: 'b', content: text, packed: text.subarray(2) },
      /two sizes differ/
    ),
    entry(
      'a descriptor that disagrees',
      { name: 'b', content: text, method: 8, flags: 8, after: descriptorOf(text, 5) },
      /descriptor disagrees/,
      31 + packed.length
    ),
    entry(
      'a missing descriptor',
      { name: 'b', content: text, method: 8, flags: 8 },
      /belong to nothing/,
      31 + packed.length
    ),
    entry(
      'stored content whose size comes after it',
      { name: 'b', content: text, flags: 8, after: descriptorOf(text, text.length) },
      /size comes after it/
    ),
    entry(
      'a descriptor nobody announced',
      { name: 'b', content: text, after: descriptorOf(text, text.length) },
      /belong to nothing/,
      31 + text.length
    ),
    entry('a path that leaves', { name: '../b' }, /"\.\."/),
    entry('an absolute path', { name: '/b' }, /absolute/),
    entry('a backslash', { name: 'b\\c' }, /backslash/),
    entry('NUL', { name: 'b\0.txt' }, /NUL/),
    entry('a drive letter', { name: 'C:/b' }, /drive letter/),
    entry('a control character', { name: 'b\u001bc' }, /control/),
    entry('an empty part', { name: 'b//c' }, /empty or "\."/),
    entry('a case twin', { name: 'A' }, /only in case/),
    entry('a file below a file', { name: 'a/b' }, /earlier entry/),
    entry('a name that is not UTF-8', { name: Buffer.from([0xff]), flags: 0x800 }, /not UTF-8/),
    entry('an unmarked name', { name: 'é', flags: 0 }, /not marked as UTF-8/),
    entry('a symbolic link', { name: 'b', mode: 0o120777 }, /symbolic link/),
    entry('a device', { name: 'b', mode: 0o060644 }, /disagree on its type/),
    entry('a folder with content', { name: 'b/', mode: 0o040755 }, /folder has content/),
    entry('a folder without "/"', { name: 'b', external: 0x10 }, /marked as a folder/),
    entry('a wrong checksum', { name: 'b', crc: 1 }, /checksum of the content/),
    entry('damaged data', { name: 'b', method: 8, content: text, packed: Buffer.alloc(9, 0xff) }, /damaged/),
    entry('cut data', { name: 'b', method: 8, content: text, packed: packed.subarray(0, -2) }, /damaged/),
    entry(
      'bytes after the compressed data',
      { name: 'b', method: 8, content: text, packed: Buffer.concat([packed, text]) },
      /follow the compressed/
    ),
    entry(
      'more content than said',
      { name: 'b', method: 8, content: text.subarray(1), packed },
      /larger than/
    ),
    entry(
      'less content than said',
      { name: 'b', method: 8, content: Buffer.concat([text, text]), packed },
      /smaller than/
    )
  ])('%s', async (_, entries, rules, index, offset, message) => {
    const error = await refusal(read(forgeZip(entries, rules)))
    expect(error.code).toBe('archive-invalid')
    expect(error.message).toMatch(message)
    expect(error.message).toContain(
      index === undefined ? `zip at offset ${offset}` : `zip entry ${index} at offset ${offset}`
    )
  })

  it('two archives in a row, either way', async () => {
    const one = forgeZip([{ name: 'one' }])
    const error = await refusal(read(Buffer.concat([one, forgeZip([{ name: 'two' }])])))
    expect(error.message).toMatch(/zip at offset \d+/)
  })

  it('a file that is no zip, or is cut', async () => {
    for (const bytes of [Buffer.alloc(0), text, forgeZip([a]).subarray(0, -1)])
      expect((await refusal(read(bytes))).message).toMatch(/does not end in an end of central directory/)
  })

  it('a bomb, before anything is unpacked', async () => {
    const content = Buffer.alloc(70 * 2 ** 20)
    const error = await refusal(read(forgeZip([{ name: 'bomb', content, method: 8 }])))
    expect(error.message).toMatch(/zip at offset 0: the content is more than 50 times the file/)
  })

  it('never in another way than archive-invalid, whatever byte is changed', async () => {
    const whole = forgeZip([
      { name: 'd/', content: Buffer.alloc(0), mode: 0o040755 },
      { name: 'd/f', content: text, method: 8 },
      { name: 's', content: text, flags: 8, after: descriptorOf(text, text.length) }
    ])
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(whole)
        bytes[at] = (bytes[at] ?? 0) ^ flip
        await read(bytes).then(
          () => undefined,
          (error: unknown) => expect(error).toMatchObject({ code: 'archive-invalid' })
        )
      }),
      { numRuns: 300, interruptAfterTimeLimit: 10_000 }
    )
  })
})
