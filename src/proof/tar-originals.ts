import { createHash } from 'node:crypto'
import { sha256, type Sha256 } from '../documents/identifiers.ts'
import type { Replace } from '../formats/replacement.ts'
import { readTar, type TarRules } from '../formats/tar/reader.ts'
import { tarBlockSize, tarChecksum, tarPadding } from '../formats/tar/writer.ts'

export interface RestoredTar extends TarRules {
  /** The content that a member has instead of its own, and the text of a link. */
  replace: Replace
  /** How the other world's archive ends, if it is known: where sizes change, the padding at the end may follow. */
  end?: TarEnd
}

/** How a tar archive ends. */
export interface TarEnd {
  /** Bytes of the whole archive. */
  size: number
  /** Zero bytes at its end, the two end blocks included. */
  zeros: number
}

/** GNU tar fills its archive up to a multiple of this ("Blocking Factor"). */
const recordSize = 20 * tarBlockSize

/**
 * A tar archive with other content in some of its members, and every other byte as it was: headers (but for the size
 * and checksum of a member whose size changes, and the text of a link that changes), order, padding, end. What a header
 * cannot say in the place that it has is left as it is: such an archive equals no other.
 *
 * @throws TagproofError `archive-invalid` as `readTar`
 */
export async function* tarWithOriginals(
  source: AsyncIterable<Uint8Array>,
  { replace, end, ...rules }: RestoredTar
): AsyncGenerator<Uint8Array, void, void> {
  let zeros = 0
  let written = 0
  let read = 0
  const entries = readTar(source, {
    ...rules,
    onEnd: (found) => {
      zeros = found
      rules.onEnd?.(found)
    }
  })
  for await (const entry of entries) {
    const { path, size, kind } = entry
    const other = kind === 'file' || kind === 'symlink' ? await replace({ path, size }) : undefined
    const newSize = kind === 'file' ? (other?.size ?? size) : size
    const headers = withSize(withLink(entry.headers, other?.linkTarget), size, newSize)
    yield headers
    yield* (kind === 'file' ? other?.content : undefined) ?? entry.content
    yield tarPadding(newSize)
    read += headers.length + padded(size)
    written += headers.length + padded(newSize)
  }
  yield* zerosOf(written === read ? zeros : endOf(written, { size: read + zeros, zeros }, end))
}

/** SHA-256 of such an archive. */
export async function tarDigestWithOriginals(
  source: AsyncIterable<Uint8Array>,
  rules: RestoredTar
): Promise<Sha256> {
  const hash = createHash('sha256')
  for await (const piece of tarWithOriginals(source, rules)) hash.update(piece)
  return sha256(hash.digest('hex'))
}

function padded(size: number): number {
  return Math.ceil(size / tarBlockSize) * tarBlockSize
}

/** The end that an archive of another size has: filled up to a record if both worlds' archives are. */
function endOf(size: number, b: TarEnd, a: TarEnd | undefined): number {
  if (a === undefined || !isFilled(a) || !isFilled(b)) return b.zeros
  return filled(size)
}

function isFilled({ size, zeros }: TarEnd): boolean {
  return zeros === filled(size - zeros)
}

function filled(size: number): number {
  const least = size + 2 * tarBlockSize
  return Math.ceil(least / recordSize) * recordSize - size
}

function* zerosOf(count: number): Generator<Buffer> {
  const piece = Buffer.alloc(1 << 16)
  for (let left = count; left > 0; left -= piece.length) yield piece.subarray(0, Math.min(left, piece.length))
}

/** The size and checksum fields of the last header block; the headers as they are where there is no room. */
function withSize(headers: Buffer, from: number, to: number): Buffer {
  if (from === to) return headers
  const changed = Buffer.from(headers)
  const block = changed.subarray(-tarBlockSize)
  const digits = /^[0-7]+/.exec(block.toString('latin1', 124, 136))?.[0].length ?? 0
  const text = to.toString(8).padStart(digits, '0')
  if (digits === 0 || text.length !== digits) return headers
  block.write(text, 124, 'latin1')
  return withChecksum(changed)
}

const longestLink = 100

function withLink(headers: Buffer, target: string | undefined): Buffer {
  if (target === undefined) return headers
  const changed = Buffer.from(headers)
  const block = changed.subarray(-tarBlockSize)
  // A longer text stands in an extension header, before the last block.
  if (headers.length > tarBlockSize || Buffer.byteLength(target) > longestLink) return headers
  block.fill(0, 157, 157 + longestLink)
  block.write(target, 157, 'utf8')
  return withChecksum(changed)
}

/** Six or seven digits as the field had them, and what followed them. */
function withChecksum(headers: Buffer): Buffer {
  const block = headers.subarray(-tarBlockSize)
  const digits = /^ *([0-7]+)/.exec(block.toString('latin1', 148, 156))?.[0].length ?? 6
  block.write(tarChecksum(block).toString(8).padStart(digits, '0'), 148, 'latin1')
  return headers
}
