import { invalidArchive } from '../invalid.ts'
import { MemberNames } from '../member-names.ts'
import { checkHeaders, modeOf, nameOf } from './agreement.ts'
import { zipContent, zipRange } from './content.ts'
import * as zip from './layout.ts'
import { openZipSource, type ZipSource } from './source.ts'

export interface ZipEntry {
  /** Without trailing `/`. */
  path: string
  isDirectory: boolean
  /** Unix permission bits, set-id bits included; 0 if the archive has none. */
  mode: number
  size: number
  compressedSize: number
  method: 0 | 8
  /** DOS date and time, the date in the upper half. */
  dosTime: number
  crc32: number
  flags: number
  /** The system in the upper, the version in the lower byte. */
  versionMadeBy: number
  /** Position in the central directory, from 0. */
  index: number
  /** Where its local header begins. */
  offset: number
  /** Where its compressed bytes begin. */
  contentOffset: number
  /** Form of its data descriptor: its length in bytes, 0 if there is none. */
  descriptor: number
  /** Raw local and central header; checksum, compressed size and offset, which follow from content, are zeroed. */
  headers: Buffer
}

export interface ZipArchive {
  /** Bytes of the file. */
  size: number
  /** In the order of the central directory. */
  entries: readonly ZipEntry[]
  /** Raw records that end the file, with the offsets zeroed. */
  end: Buffer
  /** Uncompressed bytes; size and checksum are verified at the end. Pieces must not be changed. */
  content(entry: ZipEntry): AsyncIterable<Buffer>
  /** Compressed bytes as they are. */
  rawContent(entry: ZipEntry): AsyncIterable<Buffer>
  close(): Promise<void>
}

const likelyExtra = 64
const largestDirectory = 64 * 2 ** 20
/** The index's rule against bombs: no more than 50 times the file, where it is more than 64 MiB. */
const bombRatio = 50
const bombSize = 64 * 2 ** 20

/**
 * Opens a zip file strictly: each byte of the file belongs to exactly one local header, content, descriptor, central
 * header or end record; local and central headers agree; names are safe and unique ({@link MemberNames}); only
 * stored and deflated files and folders occur. Content is verified when it is read.
 *
 * @throws TagproofError `archive-invalid` with the entry's index and offset
 */
export async function openZip(file: string | ZipSource): Promise<ZipArchive> {
  const source = typeof file === 'string' ? await openZipSource(file) : file
  try {
    return {
      size: source.size,
      ...(await readEntries(source)),
      content: (entry) => zipContent(source, entry),
      rawContent: (entry) => zipRange(source, entry.contentOffset, entry.compressedSize),
      close: () => source.close()
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function readEntries(source: ZipSource): Promise<Pick<ZipArchive, 'entries' | 'end'>> {
  const fileSize = source.size
  const end = await placed({ offset: 0 }, async () => {
    const tailLength = Math.min(fileSize, zip.length.end + zip.length.zip64Locator + zip.length.zip64End)
    return zip.parseEnd(await source.bytesAt(fileSize - tailLength, tailLength), fileSize)
  })
  const { directoryOffset, directorySize, endOffset } = end
  if (directoryOffset + directorySize !== endOffset)
    throw invalidArchive(
      { format: 'zip', offset: endOffset },
      'the central directory is not right before its end record'
    )
  if (directorySize > largestDirectory)
    throw invalidArchive(
      { format: 'zip', offset: directoryOffset },
      'the central directory is larger than 64 MiB'
    )
  const headers = await readDirectory(await source.bytesAt(directoryOffset, directorySize), end)
  const names = new MemberNames()
  const entries: ZipEntry[] = []
  // In the order of the file, so that each entry must begin where the one before it ends.
  const ordered = [...headers.entries()].sort(([, one], [, other]) => one.offset - other.offset)
  let position = 0
  for (const [at, [index, central]] of ordered.entries()) {
    const next = ordered[at + 1]?.[1].offset ?? directoryOffset
    const place = { entry: index, offset: central.offset, path: central.nameBytes.toString('utf8') }
    entries[index] = await placed(place, async () => {
      if (central.offset !== position)
        throw new zip.ZipProblem('bytes before the entry belong to nothing, or to two', position)
      return readEntry(source, { central, index, next, names })
    })
    position = next
  }
  if (position !== directoryOffset)
    throw invalidArchive({ format: 'zip', offset: position }, 'bytes belong to no entry')
  checkExpansion(entries, fileSize)
  return { entries, end: end.raw }
}

async function readDirectory(directory: Buffer, end: zip.ZipEnd): Promise<zip.ZipHeader[]> {
  const headers: zip.ZipHeader[] = []
  for (let at = 0; at < directory.length;) {
    const parsed = await placed({ entry: headers.length, offset: end.directoryOffset + at }, () =>
      Promise.resolve(zip.parseCentral(directory, at))
    )
    headers.push(parsed.header)
    at = parsed.next
  }
  if (headers.length !== end.entries)
    throw invalidArchive({ format: 'zip', offset: end.endOffset }, 'the number of entries is wrong', {
      found: String(headers.length),
      expected: String(end.entries)
    })
  return headers
}

interface EntryContext {
  central: zip.ZipHeader
  index: number
  /** Where the next entry, or the central directory, begins. */
  next: number
  names: MemberNames
}

async function readEntry(
  source: ZipSource,
  { central, index, next, names }: EntryContext
): Promise<ZipEntry> {
  const { offset } = central
  if (next - offset < zip.length.local) throw new zip.ZipProblem('the entry reaches into what follows it')
  // One read is enough unless the extra field is long.
  const guess = zip.length.local + central.nameBytes.length + likelyExtra
  const begin = await source.bytesAt(offset, Math.min(guess, next - offset))
  const localSize = zip.localLength(begin)
  const contentOffset = offset + localSize
  const contentEnd = contentOffset + central.compressedSize
  if (contentEnd > next) throw new zip.ZipProblem('the entry reaches into what follows it')
  const local = zip.parseLocal(localSize <= begin.length ? begin : await source.bytesAt(offset, localSize))
  checkHeaders(central, local)
  const descriptor = next - contentEnd
  await checkDescriptor(source, central, contentEnd, descriptor)
  const { path, isDirectory } = nameOf(central)
  const problem = names.add(path, isDirectory)
  if (problem !== undefined) throw new zip.ZipProblem(problem)
  return {
    path,
    isDirectory,
    mode: modeOf(central, isDirectory),
    size: central.size,
    compressedSize: central.compressedSize,
    method: central.method as 0 | 8,
    dosTime: central.dosTime,
    crc32: central.crc32,
    flags: central.flags,
    versionMadeBy: central.versionMadeBy,
    index,
    offset,
    contentOffset,
    descriptor,
    headers: Buffer.concat([local.raw, central.raw])
  }
}

/** A data descriptor repeats checksum and sizes, with or without a signature, in 32 or 64 bits. */
async function checkDescriptor(
  source: ZipSource,
  central: zip.ZipHeader,
  offset: number,
  size: number
): Promise<void> {
  const expected = (central.flags & zip.flagBits.descriptor) !== 0
  if (!expected && size === 0) return
  if (!expected || ![12, 16, 20, 24].includes(size))
    throw new zip.ZipProblem('bytes after the content belong to nothing', offset)
  const bytes = await source.bytesAt(offset, size)
  const signed = size === 16 || size === 24
  const at = signed ? 4 : 0
  const wide = size >= 20
  const number = (position: number): number =>
    wide ? Number(bytes.readBigUInt64LE(position)) : bytes.readUInt32LE(position)
  const agrees =
    (!signed || bytes.readUInt32LE(0) === zip.signature.descriptor) &&
    bytes.readUInt32LE(at) === central.crc32 &&
    number(at + 4) === central.compressedSize &&
    number(at + (wide ? 12 : 8)) === central.size
  if (!agrees) throw new zip.ZipProblem('the data descriptor disagrees with the central header', offset)
}

function checkExpansion(entries: readonly ZipEntry[], fileSize: number): void {
  const total = entries.reduce((sum, entry) => sum + entry.size, 0)
  if (total > bombSize && total > bombRatio * fileSize)
    throw invalidArchive(
      { format: 'zip', offset: 0 },
      `the content is more than ${bombRatio} times the file`,
      {
        found: `${total} bytes from ${fileSize}`
      }
    )
}

/** Gives a {@link zip.ZipProblem} its place. */
async function placed<T>(
  place: { entry?: number; offset: number; path?: string },
  work: () => Promise<T>
): Promise<T> {
  try {
    return await work()
  } catch (problem) {
    if (!(problem instanceof zip.ZipProblem)) throw problem
    throw invalidArchive({ format: 'zip', ...place, offset: problem.offset ?? place.offset }, problem.message)
  }
}
