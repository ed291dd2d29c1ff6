import { createCipheriv, createHash } from 'node:crypto'
import type { TagRef } from '../documents/fields.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { isBinary } from '../source/opaque.ts'

/** Letters, blanks and line ends: text that is valid everywhere and means nothing to any parser. */
const alphabet = Buffer.from('abcdefghijklmnopqrstuvwxyz     \n', 'latin1')
const chunkSize = 1 << 20

/** The seed of a release: anyone who has the tag can make the same scrambled files. */
export function scrambleSeed(tag: Pick<TagRef, 'object' | 'commit'>): Sha256 {
  return sha256OfBytes(`tagproof scramble 1\n${tag.object}\n${tag.commit}`)
}

/**
 * What world b gets in place of a file: as many bytes, never the same ones, text for text and noise for noise.
 *
 * The result depends on the original in nothing but its size and kind. It must not: the seed is public, so what
 * could be undone would be undone by the very code that must not see the file. That is why line ends move too:
 * the lengths of lines could carry a payload.
 */
export function scramble(bytes: Buffer, path: string, seed: Sha256): Buffer {
  const result = keystream(path, seed)(bytes.length)
  const text = !isBinary(bytes)
  if (text) asText(result)
  if (result.length > 0 && result.equals(bytes)) result[0] = other(result[0] ?? 0, text)
  return result
}

/** {@link scramble} for a file that is too large to hold: noise of that size, which cannot meet it by chance. */
export function* scrambledStream(size: number, path: string, seed: Sha256): Generator<Buffer> {
  const next = keystream(path, seed)
  for (let left = size; left > 0; left -= chunkSize) yield next(Math.min(left, chunkSize))
}

/** AES-256 in counter mode over zeros, keyed by seed and path. */
function keystream(path: string, seed: Sha256): (size: number) => Buffer {
  const key = createHash('sha256').update(`${seed}\n${path}`).digest()
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return (size) => cipher.update(Buffer.alloc(size))
}

function asText(noise: Buffer): void {
  const letters = new Uint8Array(alphabet)
  for (let at = 0; at < noise.length; at += 1) noise[at] = letters[(noise[at] ?? 0) & 31] ?? 0
  if (noise.length > 1) noise[noise.length - 1] = 0x0a
}

function other(byte: number, text: boolean): number {
  return text ? (byte === 0x61 ? 0x62 : 0x61) : byte ^ 1
}
