import { crc32 } from 'node:zlib'
import { ByteReader } from './byte-reader.ts'
import { deflateRaw, inflateRaw, normativeDeflate, type DeflateForm } from './deflate.ts'
import { invalidArchive } from './invalid.ts'

/** The header of a gzip file (RFC 1952), for comparison. */
export interface GzipHeader {
  flags: number
  mtime: number
  extraFlags: number
  operatingSystem: number
  /** Original file name, empty if there is none. */
  name: string
}

export interface GzipRules {
  /** Refuse as soon as more bytes than this come out. Default: 16 GiB. */
  maximumSize?: number
  onHeader?: (header: GzipHeader) => void
}

const flag = { text: 1, headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const
const longestName = 1024
const largestOutput = 16 * 2 ** 30

/**
 * Our one header: no name, no time (`MTIME` 0 means "no time stamp is available", as `gzip -n` writes; the members
 * carry the epoch), no flags, and Unix as operating system.
 */
const canonicalHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])

/** Compresses canonically: the output depends on the bytes alone. */
export async function* writeGzip(
  source: AsyncIterable<Uint8Array>,
  form: DeflateForm = normativeDeflate
): AsyncGenerator<Buffer | Uint8Array, void, void> {
  let checksum = 0
  let size = 0
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      checksum = crc32(piece, checksum)
      size += piece.length
      yield piece
    }
  }
  yield canonicalHeader
  yield* deflateRaw(counted(), form)
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(checksum, 0)
  trailer.writeUInt32LE(size % 2 ** 32, 4)
  yield trailer
}

/**
 * Reads a gzip stream of a single member, strictly: known header fields only, checksum and size verified, nothing
 * after the trailer.
 *
 * @throws TagproofError `archive-invalid` with the offset
 */
export async function* readGzip(
  source: AsyncIterable<Uint8Array>,
  rules: GzipRules = {}
): AsyncGenerator<Buffer, void, void> {
  const reader = new ByteReader(source)
  try {
    const header = await readHeader(reader)
    rules.onHeader?.(header)
    const maximum = rules.maximumSize ?? largestOutput
    const start = reader.offset
    let checksum = 0
    let size = 0
    for await (const piece of inflateRaw(reader, (problem) => fail(start, problem))) {
      checksum = crc32(piece, checksum)
      size += piece.length
      if (size > maximum) throw fail(start, `more than ${maximum} bytes come out of it`)
      yield piece
    }
    await checkTrailer(reader, checksum, size)
  } finally {
    await reader.close()
  }
}

function fail(offset: number, problem: string, detail?: { found: string; expected: string }): Error {
  return invalidArchive({ format: 'gzip', offset }, problem, detail)
}

async function readHeader(reader: ByteReader): Promise<GzipHeader> {
  const fixed = Buffer.from(await reader.exactly(10))
  if (fixed.length < 10) throw fail(0, 'the file is too short for gzip')
  if (fixed.readUInt16BE(0) !== 0x1f8b) throw fail(0, 'the file is not gzip')
  if (fixed[2] !== 8) throw fail(2, `the compression method ${fixed[2] ?? 0} is not DEFLATE`)
  const flags = fixed[3] ?? 0
  if ((flags & flag.reserved) !== 0) throw fail(3, 'reserved flags are set')
  if ((flags & flag.extra) !== 0) throw fail(3, 'the header has an extra field, which could hide bytes')
  if ((flags & flag.comment) !== 0) throw fail(3, 'the header has a comment, which could hide bytes')
  const nameBytes = (flags & flag.name) === 0 ? Buffer.alloc(0) : await readName(reader)
  if ((flags & flag.headerCrc) !== 0) {
    const at = reader.offset
    const stored = await reader.exactly(2)
    const actual = crc32(Buffer.concat([fixed, nameBytes])) & 0xffff
    if (stored.length < 2 || stored.readUInt16LE(0) !== actual) throw fail(at, 'the header checksum is wrong')
  }
  return {
    flags,
    mtime: fixed.readUInt32LE(4),
    extraFlags: fixed[8] ?? 0,
    operatingSystem: fixed[9] ?? 0,
    name: nameBytes.subarray(0, -1).toString('latin1')
  }
}

/** The zero-terminated original file name, terminator included. */
async function readName(reader: ByteReader): Promise<Buffer> {
  const bytes: number[] = []
  while (bytes.length <= longestName) {
    const [byte] = await reader.exactly(1)
    if (byte === undefined) throw fail(10, 'the file name in the header has no end')
    bytes.push(byte)
    if (byte === 0) return Buffer.from(bytes)
  }
  throw fail(10, `the file name in the header is longer than ${longestName} bytes`)
}

async function checkTrailer(reader: ByteReader, checksum: number, size: number): Promise<void> {
  const offset = reader.offset
  const trailer = Buffer.from(await reader.exactly(8))
  if (trailer.length < 8) throw fail(offset, 'the trailer is cut')
  const stored = { checksum: trailer.readUInt32LE(0), size: trailer.readUInt32LE(4) }
  if (stored.checksum !== checksum)
    throw fail(offset, 'the checksum is wrong', { found: hex(checksum), expected: hex(stored.checksum) })
  if (stored.size !== size % 2 ** 32)
    throw fail(offset + 4, 'the size is wrong', { found: String(size), expected: String(stored.size) })
  const after = await reader.some(2)
  if (after === undefined) return
  const again = after[0] === 0x1f ? 'a second gzip member' : 'data'
  throw fail(offset + 8, `${again} follows the trailer`)
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
