/** Numbers and byte layouts of APPNOTE.TXT 6.3, as far as packages use them. */
export const signature = {
  local: 0x04034b50,
  central: 0x02014b50,
  descriptor: 0x08074b50,
  end: 0x06054b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50
} as const

export const length = { local: 30, central: 46, end: 22, zip64End: 56, zip64Locator: 20 } as const

export const saturated16 = 0xffff
export const saturated32 = 0xffffffff

export const flagBits = { encrypted: 1, descriptor: 8, utf8: 0x800 } as const
/** Bits 1 and 2 only tell which effort a DEFLATE encoder made. */
export const knownFlags = 0b110 | flagBits.descriptor | flagBits.utf8

export const method = { stored: 0, deflated: 8 } as const

/** What is wrong with a zip structure; the reader adds the place. */
export class ZipProblem extends Error {
  /** Bytes from the start of the file, if not those of the entry. */
  readonly offset: number | undefined

  constructor(message: string, offset?: number) {
    super(message)
    this.offset = offset
  }
}

/** A header of the central directory, or a local one (which has no attributes and no offset). */
export interface ZipHeader {
  versionMadeBy: number
  versionNeeded: number
  flags: number
  method: number
  /** DOS date and time, the date in the upper half. */
  dosTime: number
  crc32: number
  compressedSize: number
  size: number
  nameBytes: Buffer
  externalAttributes: number
  offset: number
  extras: Map<number, Buffer>
  /** The bytes as they are, with checksum, compressed size, offset and ZIP64 values zeroed. */
  raw: Buffer
}

/** Reads one header of the central directory. @throws ZipProblem */
export function parseCentral(directory: Buffer, at: number): { header: ZipHeader; next: number } {
  if (at + length.central > directory.length || directory.readUInt32LE(at) !== signature.central)
    throw new ZipProblem('the central directory holds no entry here')
  const nameLength = directory.readUInt16LE(at + 28)
  const extraLength = directory.readUInt16LE(at + 30)
  const next = at + length.central + nameLength + extraLength
  if (directory.readUInt16LE(at + 32) !== 0) throw new ZipProblem('the entry has a comment')
  if (directory.readUInt16LE(at + 34) !== 0) throw new ZipProblem('the entry is on another disk')
  if (next > directory.length) throw new ZipProblem('the entry reaches beyond the central directory')
  const raw = Buffer.from(directory.subarray(at, next))
  const extraAt = length.central + nameLength
  const extras = parseExtras(raw.subarray(extraAt))
  const wide = zip64Values(extras, [raw.readUInt32LE(24), raw.readUInt32LE(20), raw.readUInt32LE(42)])
  const header: ZipHeader = {
    versionMadeBy: raw.readUInt16LE(4),
    versionNeeded: raw.readUInt16LE(6),
    flags: raw.readUInt16LE(8),
    method: raw.readUInt16LE(10),
    dosTime: raw.readUInt16LE(14) * 65536 + raw.readUInt16LE(12),
    crc32: raw.readUInt32LE(16),
    size: wide[0] ?? 0,
    compressedSize: wide[1] ?? 0,
    offset: wide[2] ?? 0,
    nameBytes: Buffer.from(raw.subarray(length.central, extraAt)),
    externalAttributes: raw.readUInt32LE(38),
    extras,
    raw: blank(raw, [16, 20, 42], extraAt)
  }
  return { header, next }
}

/** Reads a local header from bytes that begin with it. @throws ZipProblem */
export function parseLocal(bytes: Buffer): ZipHeader {
  const nameLength = bytes.readUInt16LE(26)
  const extraAt = length.local + nameLength
  const raw = Buffer.from(bytes.subarray(0, extraAt + bytes.readUInt16LE(28)))
  const extras = parseExtras(raw.subarray(extraAt))
  const wide = zip64Values(extras, [raw.readUInt32LE(22), raw.readUInt32LE(18)], true)
  return {
    versionMadeBy: 0,
    versionNeeded: raw.readUInt16LE(4),
    flags: raw.readUInt16LE(6),
    method: raw.readUInt16LE(8),
    dosTime: raw.readUInt16LE(12) * 65536 + raw.readUInt16LE(10),
    crc32: raw.readUInt32LE(14),
    size: wide[0] ?? 0,
    compressedSize: wide[1] ?? 0,
    nameBytes: Buffer.from(raw.subarray(length.local, extraAt)),
    externalAttributes: 0,
    offset: 0,
    extras,
    raw: blank(raw, [14, 18], extraAt)
  }
}

/** How long the local header is whose first 30 bytes these are. @throws ZipProblem */
export function localLength(fixed: Buffer): number {
  if (fixed.length < length.local || fixed.readUInt32LE(0) !== signature.local)
    throw new ZipProblem('no local header stands where the central directory points')
  return length.local + fixed.readUInt16LE(26) + fixed.readUInt16LE(28)
}

function blank(raw: Buffer, fields: readonly number[], extraAt: number): Buffer {
  for (const at of fields) raw.fill(0, at, at + 4)
  for (let at = extraAt; at + 4 <= raw.length; at += 4 + raw.readUInt16LE(at + 2))
    if (raw.readUInt16LE(at) === zip64Extra) raw.fill(0, at + 4, at + 4 + raw.readUInt16LE(at + 2))
  return raw
}

export const zip64Extra = 0x0001
const unicodePathExtra = 0x7075
const refusedExtras = new Map([
  [unicodePathExtra, 'an extra field with another name (0x7075)'],
  [0x6375, 'an extra field with a comment (0x6375)'],
  [0x0017, 'an extra field for encryption (0x0017)'],
  [0x9901, 'an extra field for encryption (0x9901)']
])

function parseExtras(bytes: Buffer): Map<number, Buffer> {
  const extras = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length;) {
    const size = at + 4 > bytes.length ? Infinity : bytes.readUInt16LE(at + 2)
    if (at + 4 + size > bytes.length) throw new ZipProblem('an extra field is cut')
    const kind = bytes.readUInt16LE(at)
    const refused = refusedExtras.get(kind)
    if (refused !== undefined) throw new ZipProblem(`the entry has ${refused}`)
    if (extras.has(kind)) throw new ZipProblem(`the extra field 0x${kind.toString(16)} appears twice`)
    extras.set(kind, Buffer.from(bytes.subarray(at + 4, at + 4 + size)))
    at += 4 + size
  }
  return extras
}

/**
 * Replaces saturated values by those of the ZIP64 extra field, which must hold exactly these. A local header's may hold
 * both sizes though the header has them too (Python before 3.11.4 does it); they must then agree.
 */
function zip64Values(extras: Map<number, Buffer>, values: readonly number[], allowBoth = false): number[] {
  const extra = extras.get(zip64Extra)
  const wanted = values.filter((value) => value === saturated32).length
  if (extra === undefined) {
    if (wanted > 0) throw new ZipProblem('a size or offset is said to be in ZIP64, but is not')
    return [...values]
  }
  const both = allowBoth && extra.length === values.length * 8
  if (!both && extra.length !== wanted * 8)
    throw new ZipProblem('the ZIP64 extra field does not hold what the header lacks')
  let at = 0
  return values.map((value) => {
    if (!both && value !== saturated32) return value
    const wide = Number(extra.readBigUInt64LE(at))
    at += 8
    if (!Number.isSafeInteger(wide)) throw new ZipProblem('a ZIP64 value is out of range')
    if (value !== saturated32 && value !== wide)
      throw new ZipProblem('the ZIP64 extra field disagrees with its header')
    return wide
  })
}

/** Where the central directory lies, from the records that end the file. */
export interface ZipEnd {
  entries: number
  directoryOffset: number
  directorySize: number
  /** Where the records of the end begin. */
  endOffset: number
  /** The records as they are, with the offsets, which follow from content, zeroed. */
  raw: Buffer
}

/**
 * Reads the end of central directory, which must be the last 22 bytes, and ZIP64's records before it.
 *
 * @param tail the last bytes of the file, at least 98 if it has so many
 * @throws ZipProblem
 */
export function parseEnd(tail: Buffer, fileSize: number): ZipEnd {
  const at = tail.length - length.end
  const base = fileSize - tail.length
  if (at < 0 || tail.readUInt32LE(at) !== signature.end || tail.readUInt16LE(at + 20) !== 0)
    throw new ZipProblem('the file does not end in an end of central directory', Math.max(0, base + at))
  if (tail.readUInt16LE(at + 4) !== 0 || tail.readUInt16LE(at + 6) !== 0)
    throw new ZipProblem('the archive has several disks', base + at)
  const narrow = {
    onDisk: tail.readUInt16LE(at + 8),
    entries: tail.readUInt16LE(at + 10),
    directorySize: tail.readUInt32LE(at + 12),
    directoryOffset: tail.readUInt32LE(at + 16)
  }
  if (narrow.onDisk !== narrow.entries) throw new ZipProblem('the numbers of entries disagree', base + at)
  const locator = at - length.zip64Locator
  const hasZip64 = locator >= 0 && tail.readUInt32LE(locator) === signature.zip64Locator
  const needsZip64 =
    narrow.entries === saturated16 ||
    narrow.directorySize === saturated32 ||
    narrow.directoryOffset === saturated32
  if (!hasZip64 && needsZip64 && narrow.directoryOffset + narrow.directorySize !== base + at)
    throw new ZipProblem('the ZIP64 records are missing', base + at)
  const raw = Buffer.from(tail.subarray(at)).fill(0, 16, 20)
  return hasZip64 ? parseZip64End(tail, locator, base, narrow) : { ...narrow, endOffset: base + at, raw }
}

function parseZip64End(
  tail: Buffer,
  locator: number,
  base: number,
  narrow: { entries: number; directorySize: number; directoryOffset: number }
): ZipEnd {
  const at = locator - length.zip64End
  const fail = (problem: string): never => {
    throw new ZipProblem(problem, base + Math.max(at, 0))
  }
  if (at < 0 || tail.readUInt32LE(at) !== signature.zip64End || tail.readBigUInt64LE(at + 4) !== 44n)
    return fail('the ZIP64 end record is missing, or has an extensible part')
  if (
    tail.readBigUInt64LE(locator + 8) !== BigInt(base + at) ||
    tail.readUInt32LE(locator + 4) !== 0 ||
    tail.readUInt32LE(locator + 16) !== 1 ||
    tail.readBigUInt64LE(at + 16) !== 0n
  )
    return fail('the ZIP64 locator does not point at the record before it')
  const [onDisk, entries, directorySize, directoryOffset] = [24, 32, 40, 48].map((field) =>
    Number(tail.readBigUInt64LE(at + field))
  ) as [number, number, number, number]
  const agree = (wide: number, value: number, full: number): boolean => value === full || value === wide
  if (
    onDisk !== entries ||
    !agree(entries, narrow.entries, saturated16) ||
    !agree(directorySize, narrow.directorySize, saturated32) ||
    !agree(directoryOffset, narrow.directoryOffset, saturated32)
  )
    return fail('the ZIP64 end record and the end of central directory disagree')
  const raw = Buffer.from(tail.subarray(at))
  // Offsets of the directory (twice) and of the ZIP64 record.
  raw
    .fill(0, 48, 56)
    .fill(0, length.zip64End + 8, length.zip64End + 16)
    .fill(0, raw.length - 6, raw.length - 2)
  return { entries, directorySize, directoryOffset, endOffset: base + at, raw }
}
