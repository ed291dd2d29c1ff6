import { createHash, type Hash } from 'node:crypto'
import type { ByteReader } from '../byte-reader.ts'
import { isZero } from '../tar/header.ts'
import { CheckedFields } from './fields.ts'
import type { Integrity } from './integrity.ts'
import { XzProblem, type LzmaDecoder } from './lzma.ts'
import { decodeLzma2, take } from './lzma2.ts'

/** What the header of a block says. */
interface BlockHeader {
  /** Bytes of the header. */
  size: number
  packed: number | undefined
  unpacked: number | undefined
  dictionarySize: number
}

/** A block's two sizes, as the index must repeat them. */
export interface BlockSizes {
  /** Header, data and check, without padding. */
  unpadded: number
  unpacked: number
}

const lzma2Filter = 0x21
/** `xz -9`, and so `dpkg-deb -z9`, takes 64 MiB; no level takes more. */
export const largestDictionary = 64 * 2 ** 20

/**
 * Reads the header of a block whose first byte was read: one LZMA2 filter and nothing else, since dpkg-deb writes no
 * other ("The .xz File Format" 3.1).
 *
 * @throws XzProblem
 */
async function readBlockHeader(reader: ByteReader): Promise<BlockHeader> {
  const fields = new CheckedFields(reader)
  const size = ((await fields.byte()) + 1) * 4
  const flags = await fields.byte()
  if ((flags & 0x3c) !== 0) throw new XzProblem('reserved flags of a block are set')
  if ((flags & 3) !== 0) throw new XzProblem('a block has several filters; LZMA2 alone is read')
  const packed = (flags & 0x40) === 0 ? undefined : await fields.number()
  const unpacked = (flags & 0x80) === 0 ? undefined : await fields.number()
  const filter = await fields.number()
  if (filter !== lzma2Filter)
    throw new XzProblem(`a block has the filter 0x${filter.toString(16)}; LZMA2 alone is read`)
  if ((await fields.number()) !== 1) throw new XzProblem('the LZMA2 filter has no properties of one byte')
  const dictionarySize = dictionaryOf(await fields.byte())
  const padding = size - 4 - fields.size
  if (padding < 0) throw new XzProblem('the header of a block is larger than it says')
  await fields.zeros(padding)
  await fields.end('block header')
  if (packed === 0) throw new XzProblem('a block says that it is empty')
  return { size, packed, unpacked, dictionarySize }
}

function dictionaryOf(byte: number): number {
  // Larger ones are told apart in vain: 40 is 4 GiB less one, more does not exist.
  const size = byte > 40 ? Infinity : (2 | (byte & 1)) * 2 ** ((byte >> 1) + 11)
  if (size <= largestDictionary) return size
  throw new XzProblem(`a block needs a dictionary of more than ${largestDictionary / 2 ** 20} MiB`)
}

export interface BlockRules {
  /** The decoder of the block before, or a new one for another size. */
  decoder: (dictionarySize: number) => LzmaDecoder
  checkSize: number
  integrity: () => Integrity
  /** Told the dictionary's size in bytes and whether the header says the block's sizes. */
  onHeader: (dictionarySize: number, sized: boolean) => void
}

/**
 * Reads a block: header, LZMA2 data, padding, check.
 *
 * @returns its sizes for the index
 * @throws XzProblem
 */
export async function* readBlock(
  reader: ByteReader,
  { decoder, checkSize, integrity, onHeader }: BlockRules
): AsyncGenerator<Buffer, BlockSizes, void> {
  const header = await readBlockHeader(reader)
  onHeader(header.dictionarySize, header.packed !== undefined && header.unpacked !== undefined)
  const start = reader.offset
  const check = integrity()
  let unpacked = 0
  for await (const piece of decodeLzma2(reader, decoder(header.dictionarySize))) {
    unpacked += piece.length
    if (header.unpacked !== undefined && unpacked > header.unpacked)
      throw new XzProblem('a block is larger than its header says')
    check.update(piece)
    yield piece
  }
  const packed = reader.offset - start
  if ((header.packed ?? packed) !== packed || (header.unpacked ?? unpacked) !== unpacked)
    throw new XzProblem('a block does not have the size that its header says')
  if (!isZero(await take(reader, (4 - (packed % 4)) % 4))) throw new XzProblem('the padding is not zero')
  if (!(await take(reader, checkSize)).equals(check.digest()))
    throw new XzProblem('the check of a block is wrong')
  return { unpadded: header.size + packed + checkSize, unpacked }
}

/** Sizes of any number of blocks in constant memory: what was read, and what the index says. */
export class SizeList {
  count = 0
  private readonly hash: Hash = createHash('sha256')

  add({ unpadded, unpacked }: BlockSizes): void {
    this.count += 1
    this.hash.update(`${unpadded} ${unpacked}\n`)
  }

  digest(): string {
    return this.hash.digest('hex')
  }
}
