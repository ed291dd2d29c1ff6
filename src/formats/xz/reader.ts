import { crc32 } from 'node:zlib'
import { ByteReader } from '../byte-reader.ts'
import { invalidArchive } from '../invalid.ts'
import { readBlock, SizeList } from './blocks.ts'
import { CheckedFields } from './fields.ts'
import { integrityChecks } from './integrity.ts'
import { LzmaDecoder, XzProblem } from './lzma.ts'
import { take } from './lzma2.ts'

/** What an xz stream says of how it was made, for comparison. */
export interface XzFacts {
  /** `CRC32`, `CRC64`, `SHA-256` or `none`. */
  check: string
  blocks: number
  /** Bytes; the largest of all blocks, 0 where there is none. */
  dictionarySize: number
  /** Whether all block headers say their sizes, as several threads write them. */
  sized: boolean
}

export interface XzRules {
  /** Refuse as soon as more bytes than this come out. Default: 16 GiB. */
  maximumSize?: number
  /** Told when the stream has ended. */
  onEnd?: (facts: XzFacts) => void
}

const largestOutput = 16 * 2 ** 30
const headerMagic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])
const footerMagic = Buffer.from('YZ')

/**
 * Reads one xz stream ("The .xz File Format" 1.1.0) strictly: any number of blocks with the LZMA2 filter and a
 * dictionary of at most 64 MiB; check, index, sizes and footer are verified, and nothing may follow. Concatenated
 * streams and stream padding, which xz reads and dpkg does not, are refused.
 *
 * @throws TagproofError `archive-invalid` with the offset
 */
export async function* readXz(
  source: AsyncIterable<Uint8Array>,
  { maximumSize = largestOutput, onEnd }: XzRules = {}
): AsyncGenerator<Buffer, void, void> {
  const reader = new ByteReader(source)
  try {
    let size = 0
    for await (const piece of readStream(reader, onEnd)) {
      size += piece.length
      if (size > maximumSize) throw new XzProblem(`more than ${maximumSize} bytes come out of it`)
      yield piece
    }
    if ((await reader.some(1)) !== undefined) throw new XzProblem('data follows the stream')
  } catch (problem) {
    if (!(problem instanceof XzProblem)) throw problem
    throw invalidArchive({ format: 'xz', offset: reader.offset }, problem.message)
  } finally {
    await reader.close()
  }
}

async function* readStream(reader: ByteReader, onEnd: XzRules['onEnd']): AsyncGenerator<Buffer> {
  const flags = await readStreamHeader(reader)
  const check = integrityChecks[flags[1] ?? 0]
  if (flags[0] !== 0 || check === undefined) throw new XzProblem('the stream flags are not known')
  const found = new SizeList()
  let dictionarySize = 0
  let sized = true
  let decoder: LzmaDecoder | undefined
  for (;;) {
    const first = Buffer.from(await take(reader, 1))
    reader.unread(first)
    if (first[0] === 0) break
    const sizes = yield* readBlock(reader, {
      checkSize: check.size,
      integrity: check.start,
      decoder(size) {
        if (decoder?.dictionarySize !== size) decoder = new LzmaDecoder(size)
        return decoder
      },
      onHeader(dictionary, hasSizes) {
        dictionarySize = Math.max(dictionarySize, dictionary)
        sized &&= hasSizes
      }
    })
    found.add(sizes)
  }
  const indexSize = await readIndex(reader, found)
  await readFooter(reader, indexSize, flags)
  onEnd?.({ check: check.name, blocks: found.count, dictionarySize, sized })
}

async function readStreamHeader(reader: ByteReader): Promise<Buffer> {
  if (!(await take(reader, 6)).equals(headerMagic)) throw new XzProblem('the data is not xz')
  const fields = new CheckedFields(reader)
  const flags = Buffer.from(await fields.bytes(2))
  await fields.end('stream header')
  return flags
}

/** @returns bytes of the index */
async function readIndex(reader: ByteReader, found: SizeList): Promise<number> {
  const fields = new CheckedFields(reader)
  await fields.byte()
  const count = await fields.number()
  if (count !== found.count) throw new XzProblem(`the index has ${count} blocks, the stream ${found.count}`)
  const stated = new SizeList()
  while (stated.count < count)
    stated.add({ unpadded: await fields.number(), unpacked: await fields.number() })
  if (stated.digest() !== found.digest())
    throw new XzProblem('the index says other sizes than the blocks have')
  await fields.zeros((4 - (fields.size % 4)) % 4)
  const size = fields.size + 4
  await fields.end('index')
  return size
}

async function readFooter(reader: ByteReader, indexSize: number, flags: Buffer): Promise<void> {
  const checksum = (await take(reader, 4)).readUInt32LE(0)
  const fields = Buffer.from(await take(reader, 6))
  if (crc32(fields) !== checksum) throw new XzProblem('the checksum of the footer is wrong')
  if ((fields.readUInt32LE(0) + 1) * 4 !== indexSize)
    throw new XzProblem('the footer says another size of the index')
  if (!fields.subarray(4).equals(flags)) throw new XzProblem('header and footer disagree on the flags')
  if (!(await take(reader, 2)).equals(footerMagic)) throw new XzProblem('the footer has no end')
}
