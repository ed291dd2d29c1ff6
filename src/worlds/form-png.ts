import { crc32 } from 'node:zlib'
import { deflateSync } from 'fflate'
import { deflateTo, sparse } from './deflate-fit.ts'
import { lettersOf } from './form-pictures.ts'
import type { FormMaker } from './scramble-forms.ts'

const signature = Buffer.from('89504e470d0a1a0a', 'hex')
const chunkFrame = 12
const largestRaw = 256 * 2 ** 20
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
/** Adam7: first column and row, steps (PNG 8.2). */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2]
] as const

/**
 * A picture of the same measures, depth and kind of colour, all one colour but for a few pixels; a palette of the same
 * length. Texts, times and profiles are not taken over. What is left of the size is a chunk that readers pass over.
 */
export const png: FormMaker = (bytes, { noise }) => {
  if (!bytes.subarray(0, 8).equals(signature)) return undefined
  const chunks = chunksOf(bytes)
  const header = chunks?.[0]
  if (chunks === undefined || header?.type !== 'IHDR' || header.data.length !== 13) return undefined
  const raw = rawSize(header.data)
  if (raw === undefined) return undefined
  const palette = chunks.find(({ type }) => type === 'PLTE')
  const isIndexed = header.data[9] === 3
  const colours =
    isIndexed && palette !== undefined ? [chunk('PLTE', noise('PLTE')(palette.data.length))] : []
  const fixed = [signature, chunk('IHDR', header.data), ...colours]
  const frame = fixed.reduce((sum, part) => sum + part.length, 0) + 2 * chunkFrame
  const pixels = sparse(raw, { noise: firstRow(noise('pixels'), header.data), fill: 0 })
  // Two bytes of zlib header and four of checksum.
  const room = bytes.length - frame - 6
  const short = Buffer.from(deflateSync(pixels))
  const left = room - short.length
  const stream = left > 0 && left < chunkFrame ? deflateTo(pixels, room) : short
  if (left < 0 || stream === undefined) return undefined
  const data = Buffer.concat([Buffer.from([0x78, 0x9c]), stream, adler32(pixels)])
  const padding = left < chunkFrame ? [] : [chunk('taGp', lettersOf(noise('padding')(left - chunkFrame)))]
  return Buffer.concat([...fixed, ...padding, chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))])
}

/** The filter byte of the first row, then noise within it; a palette may have one colour, so its picture has none. */
function firstRow(next: (size: number) => Buffer, header: Buffer): Buffer {
  const width = Math.ceil(header.readUInt32BE(0) / (header[12] === 1 ? 8 : 1))
  const bits = (header[8] ?? 0) * (samples[header[9] ?? 9] ?? 0)
  const size = header[9] === 3 ? 0 : Math.min(23, Math.floor((width * bits) / 8))
  return Buffer.concat([Buffer.alloc(1), next(size)])
}

function chunksOf(bytes: Buffer): { type: string; data: Buffer }[] | undefined {
  const chunks: { type: string; data: Buffer }[] = []
  for (let at = 8; at + chunkFrame <= bytes.length;) {
    const length = bytes.readUInt32BE(at)
    if (at + chunkFrame + length > bytes.length) return undefined
    const type = bytes.toString('latin1', at + 4, at + 8)
    chunks.push({ type, data: bytes.subarray(at + 8, at + 8 + length) })
    at += chunkFrame + length
  }
  return chunks
}

function rawSize(header: Buffer): number | undefined {
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const bits = (header[8] ?? 0) * (samples[header[9] ?? 9] ?? 0)
  if (bits === 0) return undefined
  const size =
    header[12] === 1
      ? passes.reduce(
          (sum, [x, y, dx, dy]) =>
            sum + passSize(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy), bits),
          0
        )
      : passSize(width, height, bits)
  return size > 0 && size <= largestRaw ? size : undefined
}

/** Each row has a byte for its filter before it; a pass without pixels has no rows. */
function passSize(width: number, height: number, bits: number): number {
  return width <= 0 || height <= 0 ? 0 : height * (1 + Math.ceil((width * bits) / 8))
}

function chunk(type: string, data: Buffer): Buffer {
  const made = Buffer.alloc(chunkFrame + data.length)
  made.writeUInt32BE(data.length, 0)
  made.write(type, 4, 'latin1')
  data.copy(made, 8)
  made.writeUInt32BE(crc32(made.subarray(4, 8 + data.length)), 8 + data.length)
  return made
}

/** RFC 1950, 8. */
function adler32(bytes: Buffer): Buffer {
  let [low, high] = [1, 0]
  for (let at = 0; at < bytes.length;) {
    for (const end = Math.min(at + 3800, bytes.length); at < end; at += 1) {
      low += bytes[at] ?? 0
      high += low
    }
    low %= 65_521
    high %= 65_521
  }
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(high * 65_536 + low)
  return sum
}
