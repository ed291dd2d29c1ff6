import { crc32 } from 'node:zlib'
import { ByteReader } from '../byte-reader.ts'
import { inflateRaw, inflateRawWhole } from '../deflate.ts'
import { invalidArchive } from '../invalid.ts'
import * as zip from './layout.ts'
import type { ZipEntry } from './reader.ts'
import type { ZipSource } from './source.ts'

const pieceSize = 1 << 16
/** An entry up to these sizes is inflated at once, which is several times faster than as a stream. */
const smallPacked = 2 ** 20
const smallContent = 4 * 2 ** 20

/**
 * The uncompressed bytes of an entry; size, checksum and the end of the compressed data are verified at the end.
 *
 * @throws TagproofError `archive-invalid` with the entry's index and offset
 */
export async function* zipContent(source: ZipSource, entry: ZipEntry): AsyncGenerator<Buffer, void, void> {
  const fail = (problem: string): Error =>
    invalidArchive({ format: 'zip', entry: entry.index, offset: entry.offset, path: entry.path }, problem)
  const { size, compressedSize, method } = entry
  const small = size <= smallContent && compressedSize <= smallPacked
  const pieces =
    method === zip.method.stored
      ? zipRange(source, entry.contentOffset, compressedSize)
      : small
        ? inflatedWhole(source, entry, fail)
        : inflatedStream(source, entry, fail)
  let length = 0
  let checksum = 0
  for await (const piece of pieces) {
    length += piece.length
    if (length > size) throw fail('the content is larger than its header says')
    checksum = crc32(piece, checksum)
    yield piece
  }
  if (length !== size) throw fail('the content is smaller than its header says')
  if (checksum !== entry.crc32) throw fail('the checksum of the content is wrong')
}

/** Compressed bytes as they are. */
export async function* zipRange(
  source: ZipSource,
  offset: number,
  size: number
): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < size; at += pieceSize)
    yield await source.bytesAt(offset + at, Math.min(pieceSize, size - at))
}

type Fail = (problem: string) => Error

async function* inflatedWhole(source: ZipSource, entry: ZipEntry, fail: Fail): AsyncGenerator<Buffer> {
  const packed = await source.bytesAt(entry.contentOffset, entry.compressedSize)
  const { bytes, used } = inflateRawWhole(packed, entry.size, fail)
  if (used !== entry.compressedSize) throw fail('bytes follow the compressed data')
  if (bytes.length > 0) yield bytes
}

async function* inflatedStream(source: ZipSource, entry: ZipEntry, fail: Fail): AsyncGenerator<Buffer> {
  const reader = new ByteReader(zipRange(source, entry.contentOffset, entry.compressedSize))
  yield* inflateRaw(reader, fail)
  if (reader.offset !== entry.compressedSize) throw fail('bytes follow the compressed data')
}
