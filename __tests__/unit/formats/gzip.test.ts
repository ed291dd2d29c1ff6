import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { constants, gzipSync, gunzipSync } from 'node:zlib'
import { readGzip, writeGzip, type GzipHeader } from '../../../src/formats/gzip.ts'
import { gather, pieces, refusal } from './forge.ts'

const text = Buffer.from('the same bytes\n'.repeat(5000))

function changed(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at < 0 ? copy.length + at : at] = value
  return copy
}

describe('writeGzip', () => {
  it('gives the same bytes however its input arrives, and they unpack to it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 200_000 }),
        fc.integer(),
        fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 5 }),
        async (length, seed, sizes) => {
          const bytes = mixture(length, seed)
          const whole = await gather(writeGzip(pieces(bytes, [Infinity])))
          expect((await gather(writeGzip(pieces(bytes, sizes)))).equals(whole)).toBe(true)
          expect(gunzipSync(whole).equals(bytes)).toBe(true)
        }
      ),
      {
        numRuns: 16,
        interruptAfterTimeLimit: 20_000,
        examples: [0, 1, 65_535, 65_536, 65_537, 131_072].map((length) => [length, 1, [1000, 65_536]])
      }
    )
  })

  it('has a header without name and time', async () => {
    const bytes = await gather(writeGzip(pieces(text)))
    expect(bytes.toString('hex', 0, 10)).toBe('1f8b0800000000000003')
  })

  it('makes the bytes that the format defines: change this only with a new major version', async () => {
    const bytes = await gather(writeGzip(pieces(mixture(200_000, 7))))
    expect([bytes.length, createHash('sha256').update(bytes).digest('hex')]).toMatchInlineSnapshot(`
     [
       129934,
       "c5f97081569668ce72fbae848beed0c914da300ea36202c4228c700c622b3be3",
     ]
    `)
  })
})

describe('readGzip', () => {
  it('reads what zlib writes, and knows its header', async () => {
    let header: GzipHeader | undefined
    const bytes = gzipSync(text)
    bytes.writeUInt32LE(1_700_000_000, 4)
    for (const sizes of [[1], [7, 1000], [bytes.length - 8], [1_000_000]])
      expect(
        (await gather(readGzip(pieces(bytes, sizes), { onHeader: (one) => (header = one) }))).equals(text)
      ).toBe(true)
    expect(header).toMatchObject({ flags: 0, mtime: 1_700_000_000, name: '' })
  })

  it('reads a file name and a header checksum', async () => {
    const plain = gzipSync('x')
    const named = Buffer.concat([
      changed(plain, 3, 8).subarray(0, 10),
      Buffer.from('pkg.tar\0'),
      plain.subarray(10)
    ])
    let header: GzipHeader | undefined
    await gather(readGzip(pieces(named), { onHeader: (one) => (header = one) }))
    expect(header?.name).toBe('pkg.tar')
  })

  const good = gzipSync(text)
  const end = good.length - 8
  it.each<[string, Buffer, number, RegExp]>([
    ['another format', Buffer.from('PK\x03\x04aaaaaaaa'), 0, /not gzip/],
    ['a short file', good.subarray(0, 5), 0, /too short/],
    ['another method', changed(good, 2, 7), 2, /method 7/],
    ['reserved flags', changed(good, 3, 0x80), 3, /reserved/],
    ['an extra field', changed(good, 3, 4), 3, /extra field/],
    ['a comment', changed(good, 3, 16), 3, /comment/],
    [
      'a name without end',
      Buffer.concat([changed(good, 3, 8).subarray(0, 10), Buffer.alloc(3000, 65)]),
      10,
      /longer than/
    ],
    [
      'a wrong header checksum',
      Buffer.concat([changed(good, 3, 2).subarray(0, 10), Buffer.from([1, 2]), good.subarray(10)]),
      10,
      /header checksum/
    ],
    ['damaged data', changed(good, 10, 0xff), 10, /damaged/],
    ['cut data', good.subarray(0, 60), 10, /damaged/],
    ['a cut trailer', good.subarray(0, -3), end, /trailer is cut/],
    ['a wrong checksum', changed(good, -8, (good.at(-8) ?? 0) ^ 1), end, /checksum is wrong/],
    ['a wrong size', changed(good, -1, 9), end + 4, /size is wrong/],
    ['a second member', Buffer.concat([good, good]), end + 8, /second gzip member/],
    ['trailing zeros', Buffer.concat([good, Buffer.alloc(3)]), end + 8, /follows the trailer/],
    ['a zip behind it', Buffer.concat([good, Buffer.from('PK\x05\x06')]), end + 8, /follows the trailer/]
  ])('refuses %s', async (_, bytes, offset, message) => {
    for (const sizes of [[1], [1_000_000]]) {
      const error = await refusal(gather(readGzip(pieces(bytes, sizes))))
      expect(error.code).toBe('archive-invalid')
      expect(error.message).toMatch(message)
      expect(error.message).toContain(`gzip at offset ${offset}`)
    }
  })

  it('stops a bomb at the given size', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000), { level: constants.Z_BEST_COMPRESSION })
    const error = await refusal(gather(readGzip(pieces(bomb), { maximumSize: 1_000_000 })))
    expect(error.message).toMatch(/gzip at offset 10: more than 1000000 bytes/)
  })
})

/** Text-like and random stretches, from a seed. */
function mixture(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed | 1
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    bytes[at] = at % 50_000 < 30_000 ? 97 + ((state >> 16) % 5) : (state >> 8) & 255
  }
  return bytes
}
