import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { deflateRaw } from '../deflate.ts'
import { FileSink } from '../file-sink.ts'
import * as zip from './layout.ts'

/** One file of a canonical zip. Folders have no entries of their own. */
export interface ZipFile {
  path: string
  mode: 0o644 | 0o755
  /** Bytes of content, known before they are written. */
  size: number
  content: AsyncIterable<Uint8Array>
}

const madeByUnix = 3 << 8
const version = { plain: 20, zip64: 45 } as const
const regularFile = 0o100000
/** From here on ZIP64 is used: DEFLATE may make incompressible bytes a little longer. */
const zip64From = 0xff000000

/**
 * DOS date (upper half) and time of an epoch in UTC: two-second steps, rounded down, and kept within 1980 to 2107,
 * which is all that a zip file can say.
 */
export function dosTimeOf(epoch: number): number {
  const first = Date.UTC(1980, 0, 1) / 1000
  const last = Date.UTC(2107, 11, 31, 23, 59, 58) / 1000
  const time = new Date(Math.min(Math.max(epoch, first), last) * 1000)
  const date = ((time.getUTCFullYear() - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate()
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1)
  return date * 65536 + clock
}

interface Written {
  file: ZipFile
  flags: number
  method: number
  crc32: number
  compressedSize: number
  offset: number
  wide: boolean
}

/**
 * Writes a canonical zip file: entries in the order given, all with one time, DEFLATE by {@link deflateRaw} (stored
 * if empty), Unix modes, the UTF-8 mark only where a name is not ASCII, no data descriptors, no extra fields but
 * ZIP64's, no comments. The same files give the same bytes.
 *
 * @param output replaced if it exists
 */
export async function writeZip(output: string, files: AsyncIterable<ZipFile>, epoch: number): Promise<void> {
  const handle = await open(output, 'w')
  try {
    const dosTime = dosTimeOf(epoch)
    const sink = new FileSink(handle)
    const written: Written[] = []
    for await (const file of files) written.push(await writeEntry(sink, file, dosTime))
    const directoryOffset = sink.offset
    for (const entry of written) await sink.write(centralHeader(entry, dosTime))
    await sink.write(endRecords(written.length, directoryOffset, sink.offset - directoryOffset))
    await sink.flush()
  } finally {
    await handle.close()
  }
}

async function writeEntry(sink: FileSink, file: ZipFile, dosTime: number): Promise<Written> {
  const name = Buffer.from(file.path)
  const entry: Written = {
    file,
    flags: name.every((byte) => byte < 0x80) ? 0 : zip.flagBits.utf8,
    method: file.size === 0 ? zip.method.stored : zip.method.deflated,
    crc32: 0,
    compressedSize: 0,
    offset: sink.offset,
    wide: file.size >= zip64From
  }
  await sink.write(localHeader(entry, dosTime))
  let size = 0
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of file.content) {
      size += piece.length
      entry.crc32 = crc32(piece, entry.crc32)
      yield piece
    }
  }
  for await (const piece of file.size === 0 ? counted() : deflateRaw(counted())) {
    entry.compressedSize += piece.length
    await sink.write(piece)
  }
  if (size !== file.size) throw new RangeError(`zip: ${file.path} has ${size} bytes, not ${file.size}`)
  // Sizes and checksum are known only now; a data descriptor in their place is what readers disagree on.
  await sink.rewrite(entry.offset, localHeader(entry, dosTime))
  return entry
}

function localHeader(entry: Written, dosTime: number): Buffer {
  const name = Buffer.from(entry.file.path)
  const sizes = [entry.file.size, entry.compressedSize]
  const extra = entry.wide ? zip64Field(sizes) : Buffer.alloc(0)
  const header = Buffer.alloc(zip.length.local)
  header.writeUInt32LE(zip.signature.local, 0)
  header.writeUInt16LE(entry.wide ? version.zip64 : version.plain, 4)
  header.writeUInt16LE(entry.flags, 6)
  header.writeUInt16LE(entry.method, 8)
  header.writeUInt32LE(dosTime, 10)
  header.writeUInt32LE(entry.crc32, 14)
  header.writeUInt32LE(entry.wide ? zip.saturated32 : entry.compressedSize, 18)
  header.writeUInt32LE(entry.wide ? zip.saturated32 : entry.file.size, 22)
  header.writeUInt16LE(name.length, 26)
  header.writeUInt16LE(extra.length, 28)
  return Buffer.concat([header, name, extra])
}

function centralHeader(entry: Written, dosTime: number): Buffer {
  const name = Buffer.from(entry.file.path)
  const far = entry.offset >= zip.saturated32
  const values = [
    ...(entry.wide ? [entry.file.size, entry.compressedSize] : []),
    ...(far ? [entry.offset] : [])
  ]
  const extra = values.length === 0 ? Buffer.alloc(0) : zip64Field(values)
  const needed = values.length === 0 ? version.plain : version.zip64
  const header = Buffer.alloc(zip.length.central)
  header.writeUInt32LE(zip.signature.central, 0)
  header.writeUInt16LE(madeByUnix | needed, 4)
  header.writeUInt16LE(needed, 6)
  header.writeUInt16LE(entry.flags, 8)
  header.writeUInt16LE(entry.method, 10)
  header.writeUInt32LE(dosTime, 12)
  header.writeUInt32LE(entry.crc32, 16)
  header.writeUInt32LE(entry.wide ? zip.saturated32 : entry.compressedSize, 20)
  header.writeUInt32LE(entry.wide ? zip.saturated32 : entry.file.size, 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt16LE(extra.length, 30)
  header.writeUInt32LE((regularFile | entry.file.mode) * 65536, 38)
  header.writeUInt32LE(far ? zip.saturated32 : entry.offset, 42)
  return Buffer.concat([header, name, extra])
}

function zip64Field(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + values.length * 8)
  field.writeUInt16LE(zip.zip64Extra, 0)
  field.writeUInt16LE(values.length * 8, 2)
  values.forEach((value, at) => field.writeBigUInt64LE(BigInt(value), 4 + at * 8))
  return field
}

function endRecords(entries: number, offset: number, size: number): Buffer {
  const wide = entries >= zip.saturated16 || offset >= zip.saturated32 || size >= zip.saturated32
  const end = Buffer.alloc(zip.length.end)
  end.writeUInt32LE(zip.signature.end, 0)
  end.writeUInt16LE(Math.min(entries, zip.saturated16), 8)
  end.writeUInt16LE(Math.min(entries, zip.saturated16), 10)
  end.writeUInt32LE(Math.min(size, zip.saturated32), 12)
  end.writeUInt32LE(Math.min(offset, zip.saturated32), 16)
  if (!wide) return end
  const record = Buffer.alloc(zip.length.zip64End)
  record.writeUInt32LE(zip.signature.zip64End, 0)
  record.writeBigUInt64LE(44n, 4)
  record.writeUInt16LE(madeByUnix | version.zip64, 12)
  record.writeUInt16LE(version.zip64, 14)
  for (const [at, value] of [entries, entries, size, offset].entries())
    record.writeBigUInt64LE(BigInt(value), 24 + at * 8)
  const locator = Buffer.alloc(zip.length.zip64Locator)
  locator.writeUInt32LE(zip.signature.zip64Locator, 0)
  locator.writeBigUInt64LE(BigInt(offset + size), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([record, locator, end])
}
