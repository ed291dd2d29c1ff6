import { createCipheriv, createHash } from 'node:crypto'
import type { TagRef } from '../documents/fields.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import type { ScrambleForm } from '../documents/plan.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { isBinary } from '../source/opaque.ts'
import { inValidForm } from './scramble-forms.ts'

/**
 * 1: noise. 2: noise in a valid form, where the format is known, for builds that must parse the file and put nothing
 * of it into what they make.
 */
export type ScrambleTier = 1 | 2

/** Letters, blanks and line ends: text that is valid everywhere and means nothing to any parser. */
const alphabet = Buffer.from('abcdefghijklmnopqrstuvwxyz     \n', 'latin1')
const chunkSize = 1 << 20

/**
 * The seed of a release: anyone who has the tag can make the same scrambled files.
 *
 * @param number 0 for world b; a perturbation from 1 on has other noise
 */
export function scrambleSeed(tag: Pick<TagRef, 'object' | 'commit'>, number = 0): Sha256 {
  const further = number === 0 ? '' : `\n${number}`
  return sha256OfBytes(`tagproof scramble 1\n${tag.object}\n${tag.commit}${further}`)
}

/** {@link scrambledAs} without its form. */
export function scramble(bytes: Buffer, path: string, seed: Sha256, tier: ScrambleTier = 1): Buffer {
  return scrambledAs(bytes, path, seed, tier).bytes
}

/**
 * What world b gets in place of a file: as many bytes, never the same ones, text for text and noise for noise; in
 * the second tier of a form that is still valid, where that can be had in the same size.
 *
 * Noise depends on the original in nothing but its size and kind. It must not: the seed is public, so what
 * could be undone would be undone by the very code that must not see the file. That is why line ends move too:
 * the lengths of lines could carry a payload. What a valid form shows besides is said where it is made.
 */
export function scrambledAs(
  bytes: Buffer,
  path: string,
  seed: Sha256,
  tier: ScrambleTier
): { bytes: Buffer; form?: ScrambleForm } {
  if (tier === 2) {
    const made = inValidForm(bytes, (label) => keystream(`${path}\0${label}`, seed))
    if (made !== undefined && !made.bytes.equals(bytes)) return made
  }
  return { bytes: noiseOf(bytes, keystream(path, seed)) }
}

/** Letters in the place of a link's text, of the same length in bytes, never the same. */
export function noiseText(path: string, text: string, seed: Sha256): string {
  const made = keystream(`${path}\0link`, seed)(Buffer.byteLength(text))
  for (let at = 0; at < made.length; at += 1) made[at] = 0x61 + ((made[at] ?? 0) % 26)
  if (made.toString('latin1') === text) made[0] = other(made[0] ?? 0, true)
  return made.toString('latin1')
}

/** Letters for text, noise for all else, never the bytes themselves. */
export function noiseOf(bytes: Buffer, next: (size: number) => Buffer): Buffer {
  const result = next(bytes.length)
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

/** Turns noise into lines of letters, in place. */
export function asText(noise: Buffer): void {
  const letters = new Uint8Array(alphabet)
  for (let at = 0; at < noise.length; at += 1) noise[at] = letters[(noise[at] ?? 0) & 31] ?? 0
  if (noise.length > 1) noise[noise.length - 1] = 0x0a
}

function other(byte: number, text: boolean): number {
  return text ? (byte === 0x61 ? 0x62 : 0x61) : byte ^ 1
}
