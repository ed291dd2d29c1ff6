import * as zlib from 'node:zlib'
import { TagproofError } from '../platform/errors.ts'
import { ByteReader } from './byte-reader.ts'
import { invalidArchive } from './invalid.ts'

/** What a zstd file says of how it was made, for comparison. */
export interface ZstdFacts {
  frames: number
  /** Bytes; the largest window of all frames. */
  window: number
  /** Whether every frame ends in a checksum. */
  checksum: boolean
  /** Whether every frame says the size of its content. */
  sized: boolean
}

export interface ZstdRules {
  /** Refuse as soon as more bytes than this come out. Default: 16 GiB. */
  maximumSize?: number
  onEnd?: (facts: ZstdFacts) => void
}

const largestOutput = 16 * 2 ** 30
/** What the reference decoder takes without being asked to take more (`ZSTD_WINDOWLOG_LIMIT_DEFAULT`), as in dpkg. */
const largestWindow = 2 ** 27
const largestBlock = 2 ** 17
const frameMagic = 0xfd2fb528

class ZstdProblem extends Error {}

/**
 * Reads zstd (RFC 8878) strictly: our own walk over frames and blocks knows where each ends, Node's decoder makes the
 * content and checks it. Skippable frames, dictionaries, windows of more than 128 MiB and whatever follows the last
 * frame are refused.
 *
 * @throws TagproofError `archive-invalid` with the offset; `tool-missing` where this Node has no zstd
 */
export async function* readZstd(
  source: AsyncIterable<Uint8Array>,
  { maximumSize = largestOutput, onEnd }: ZstdRules = {}
): AsyncGenerator<Buffer, void, void> {
  const reader = new ByteReader(source)
  const facts: ZstdFacts = { frames: 0, window: 0, checksum: true, sized: true }
  let size = 0
  try {
    for (;;) {
      const first = Buffer.from(await reader.exactly(4))
      if (first.length === 0 && facts.frames > 0) break
      let frameSize = 0
      const header = await readFrameHeader(reader, first)
      facts.frames += 1
      facts.window = Math.max(facts.window, header.window)
      facts.checksum &&= header.checksum
      facts.sized &&= header.content !== undefined
      for await (const piece of decoded(walkFrame(reader, header))) {
        frameSize += piece.length
        size += piece.length
        if (size > maximumSize) throw new ZstdProblem(`more than ${maximumSize} bytes come out of it`)
        yield piece
      }
      if (header.content !== undefined && header.content !== frameSize)
        throw new ZstdProblem('a frame does not have the size that it says')
    }
    onEnd?.(facts)
  } catch (problem) {
    if (!(problem instanceof ZstdProblem)) throw problem
    throw invalidArchive({ format: 'zstd', offset: reader.offset }, problem.message)
  } finally {
    await reader.close()
  }
}

interface FrameHeader {
  bytes: Buffer
  window: number
  content: number | undefined
  checksum: boolean
}

/** RFC 8878, 3.1.1.1. */
async function readFrameHeader(reader: ByteReader, magic: Buffer): Promise<FrameHeader> {
  if (magic.length < 4) throw new ZstdProblem('the file is cut, or data follows the last frame')
  const number = magic.readUInt32LE(0)
  if (number >>> 4 === 0x184d2a5) throw new ZstdProblem('a frame is skippable, which could hide bytes')
  if (number !== frameMagic) throw new ZstdProblem('the data is not zstd')
  const descriptor = Buffer.from(await take(reader, 1))
  const flags = descriptor[0] ?? 0
  if ((flags & 0x18) !== 0) throw new ZstdProblem('an unused or reserved flag of a frame is set')
  if ((flags & 3) !== 0) throw new ZstdProblem('a frame names a dictionary')
  const single = (flags & 0x20) !== 0
  const windowByte = single ? Buffer.alloc(0) : Buffer.from(await take(reader, 1))
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0
  const sizeField = Buffer.from(await take(reader, sizeBytes))
  const content = contentSize(sizeField)
  const window = single ? (content ?? 0) : windowOf(windowByte[0] ?? 0)
  if (window > largestWindow)
    throw new ZstdProblem(`a frame needs a window of more than ${largestWindow / 2 ** 20} MiB`)
  const bytes = Buffer.concat([magic, descriptor, windowByte, sizeField])
  return { bytes, window, content, checksum: (flags & 4) !== 0 }
}

function contentSize(field: Buffer): number | undefined {
  if (field.length === 0) return undefined
  if (field.length === 1) return field[0] ?? 0
  if (field.length === 2) return field.readUInt16LE(0) + 256
  if (field.length === 4) return field.readUInt32LE(0)
  const size = Number(field.readBigUInt64LE(0))
  if (!Number.isSafeInteger(size)) throw new ZstdProblem('a frame says that it is larger than any file')
  return size
}

function windowOf(byte: number): number {
  const base = 2 ** (10 + (byte >> 3))
  return base + (base / 8) * (byte & 7)
}

/** The bytes of one frame, from its header to its checksum: the reader stands behind it then. */
async function* walkFrame(reader: ByteReader, header: FrameHeader): AsyncGenerator<Buffer> {
  yield header.bytes
  for (let last = false; !last;) {
    const head = Buffer.from(await take(reader, 3))
    yield head
    const word = head.readUIntLE(0, 3)
    last = (word & 1) === 1
    const kind = (word >> 1) & 3
    const size = word >> 3
    if (kind === 3) throw new ZstdProblem('a block is of the reserved kind')
    if (size > Math.min(largestBlock, Math.max(header.window, 1)) && kind !== 1)
      throw new ZstdProblem('a block is larger than blocks may be')
    yield* passed(reader, kind === 1 ? 1 : size)
  }
  if (header.checksum) yield Buffer.from(await take(reader, 4))
}

async function* passed(reader: ByteReader, size: number): AsyncGenerator<Buffer> {
  for (let left = size; left > 0;) {
    const piece = await reader.some(left)
    if (piece === undefined) throw new ZstdProblem('a block is cut')
    left -= piece.length
    yield Buffer.from(piece)
  }
}

async function take(reader: ByteReader, length: number): Promise<Buffer> {
  const bytes = await reader.exactly(length)
  if (bytes.length < length) throw new ZstdProblem('the file is cut')
  return bytes
}

/** The content of one whole frame. */
async function* decoded(frame: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  // Types have it since Node 22.15; at run time it may be absent all the same.
  const create = (zlib as Partial<typeof zlib>).createZstdDecompress
  if (create === undefined)
    throw new TagproofError('tool-missing', `Node ${process.versions.node} cannot read zstd.`, {
      fix: 'Use Node 22.15 or newer, or let dpkg-deb compress with xz (-Zxz), as Debian does.'
    })
  const decoder = create({ params: { [zlib.constants.ZSTD_d_windowLogMax]: 27 } })
  let problem: Error | undefined
  const feed = async (): Promise<void> => {
    try {
      for await (const piece of frame) {
        if (decoder.destroyed) return
        if (!decoder.write(piece)) await drained(decoder)
      }
      decoder.end()
    } catch (error) {
      problem = error as Error
      decoder.destroy()
    }
  }
  const fed = feed()
  try {
    for await (const piece of decoder as AsyncIterable<Buffer>) yield piece
    if (problem !== undefined) throw problem
  } catch (error) {
    if (problem !== undefined) throw problem
    const { code, message } = error as NodeJS.ErrnoException
    if (/^(Z_|ZSTD_|ERR_|UNKNOWN)/.test(code ?? ''))
      throw new ZstdProblem(`a frame cannot be decompressed (${message})`)
    throw error
  } finally {
    decoder.destroy()
    await fed
  }
}

function drained(decoder: zlib.ZstdDecompress): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      decoder.off('drain', done).off('close', done)
      resolve()
    }
    decoder.on('drain', done).on('close', done)
  })
}
