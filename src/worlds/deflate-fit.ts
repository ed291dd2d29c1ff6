import { deflateSync } from 'fflate'

/** A block of DEFLATE that is stored and empty, where it begins at a byte (RFC 1951, 3.2.4). */
const emptyStored = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])
/**
 * Empty blocks that take so many bytes: one to three with fixed codes (10 bits each), then a stored one that begins
 * within a byte and fills it up.
 */
const emptyMixed: Readonly<Record<number, Buffer>> = {
  6: Buffer.from([0x02, 0x00, 0x00, 0x00, 0xff, 0xff]),
  7: Buffer.from([0x02, 0x08, 0x00, 0x00, 0x00, 0xff, 0xff]),
  9: Buffer.from([0x02, 0x08, 0x20, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff])
}

/**
 * A raw DEFLATE stream of exactly `size` bytes for a content: what is missing is made of empty blocks, which any
 * reader passes over. The compressor is fflate, so the bytes are the same with every version of Node.js.
 *
 * @returns undefined where the stream is too large, or 1, 2, 3, 4 or 8 bytes short
 */
export function deflateTo(content: Buffer, size: number): Buffer | undefined {
  const stream = deflateSync(content)
  const padding = paddingOf(size - stream.length)
  return padding === undefined ? undefined : Buffer.concat([...padding, stream])
}

function paddingOf(size: number): Buffer[] | undefined {
  const extra = { 0: [], 1: [6], 2: [7], 3: [6, 7], 4: [9] }[((size % 5) + 5) % 5] ?? []
  const rest = size - extra.reduce((sum, length) => sum + length, 0)
  if (rest < 0) return undefined
  const mixed = extra.flatMap((length) => emptyMixed[length] ?? [])
  return [...mixed, Buffer.alloc(rest, emptyStored)]
}

/** How much of a sparse content is noise: enough that no two are alike, little enough to fit anywhere. */
const mostNoise = 24

/** Some noise, and the byte that comes after it. */
export interface Filling {
  noise: Buffer
  fill: number
}

/** A content with some bytes of noise at its beginning and one byte ever after, which compresses to almost nothing. */
export function sparse(length: number, { noise, fill }: Filling, amount = mostNoise): Buffer {
  const made = Buffer.alloc(length, fill)
  noise.copy(made, 0, 0, Math.min(length, amount))
  return made
}

/** From here on a try takes time. */
const farFromFitting = 65_536

/** The first of some contents whose stream can be made to fit; from much noise to none. */
export function sparseTo(
  length: number,
  size: number,
  filling: Filling
): { content: Buffer; stream: Buffer } | undefined {
  for (let amount = Math.min(length, mostNoise); amount >= 0; amount -= 1) {
    const content = sparse(length, filling, amount)
    const stream = deflateTo(content, size)
    if (stream !== undefined) return { content, stream }
    // Without its noise it is at most so much smaller: where that is not enough, no further try is needed.
    if (length > farFromFitting && deflateSync(content).length > size + 2 * mostNoise) return undefined
  }
  return undefined
}
