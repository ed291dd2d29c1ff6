import { crc32, inflateRawSync } from 'node:zlib'
import { deflateTo, sparse, sparseTo } from './deflate-fit.ts'
import { areReadable, fillingOf, type FormContext, type FormMaker } from './scramble-forms.ts'

const sign = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, descriptor: 0x08074b50 } as const
const fixed = { local: 30, central: 46, end: 22 } as const
const largestContent = 64 * 2 ** 20
/** 1980-01-01T00:00:00, the first time that zip knows. */
const firstTime = 0x0021_0000
const hasDescriptor = 8
const inUtf8 = 0x800

interface Entry {
  /** Where its central and its local header begin. */
  central: number
  local: number
  name: string
  flags: number
  method: number
  crc: number
  packed: number
  size: number
}

/**
 * A zip archive (also a wheel or a jar) with the same names, sizes and packed sizes, so that nothing in it moves: each
 * content is another one, its checksums are right, times, owners, comments and extra fields are cleared. Archives whose
 * parts do not follow each other without a gap are not kept.
 */
export const zip: FormMaker = (bytes, context) => {
  if (bytes.length < fixed.end || bytes.readUInt32LE(0) !== sign.local) return undefined
  const entries = entriesOf(bytes)
  if (entries === undefined || !areReadable(entries.map((entry) => entry.name))) return undefined
  const made = Buffer.from(bytes)
  let at = 0
  for (const entry of [...entries].sort((one, other) => one.local - other.local)) {
    if (entry.local !== at) return undefined
    const next = writeEntry(made, entry, context)
    if (next === undefined) return undefined
    at = next
  }
  return at === entries[0]?.central ? made : undefined
}

function entriesOf(bytes: Buffer): Entry[] | undefined {
  const end = bytes.length - fixed.end
  if (bytes.readUInt32LE(end) !== sign.end || bytes.readUInt16LE(end + 20) !== 0) return undefined
  const count = bytes.readUInt16LE(end + 10)
  const entries: Entry[] = []
  let at = bytes.readUInt32LE(end + 16)
  if (count === 0 || count === 0xffff) return undefined
  for (let index = 0; index < count; index += 1) {
    if (at + fixed.central > end || bytes.readUInt32LE(at) !== sign.central) return undefined
    const [name, extra, comment] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field)) as [
      number,
      number,
      number
    ]
    entries.push({
      central: at,
      local: bytes.readUInt32LE(at + 42),
      name: bytes.toString('utf8', at + fixed.central, at + fixed.central + name),
      flags: bytes.readUInt16LE(at + 8),
      method: bytes.readUInt16LE(at + 10),
      crc: bytes.readUInt32LE(at + 16),
      packed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24)
    })
    at += fixed.central + name + extra + comment
  }
  return at === end ? entries : undefined
}

/** Writes an entry's headers and content anew, and gives where it ends. */
function writeEntry(made: Buffer, entry: Entry, context: FormContext): number | undefined {
  const { central, local, flags, method, packed } = entry
  if ((flags & ~(hasDescriptor | inUtf8 | 6)) !== 0 || (method !== 0 && method !== 8)) return undefined
  if (local + fixed.local > made.length || made.readUInt32LE(local) !== sign.local) return undefined
  const name = made.readUInt16LE(local + 26)
  const begin = local + fixed.local + name + made.readUInt16LE(local + 28)
  const end = begin + packed
  if (
    end > made.length ||
    made.toString('utf8', local + fixed.local, local + fixed.local + name) !== entry.name
  )
    return undefined
  const content = contentOf(made.subarray(begin, end), entry)
  const other = content === undefined ? undefined : packedOf(content, entry, context)
  if (content === undefined || other === undefined) return undefined
  other.stream.copy(made, begin)
  const checksum = crc32(other.content)
  clearExtra(
    made,
    central + fixed.central + name,
    made.readUInt16LE(central + 30) + made.readUInt16LE(central + 32)
  )
  clearExtra(made, local + fixed.local + name, made.readUInt16LE(local + 28))
  made.writeUInt32LE(checksum, central + 16)
  made.writeUInt32LE(firstTime, central + 12)
  made.writeUInt32LE(firstTime, local + 10)
  made.writeUInt32LE((modeOf(made.readUInt32LE(central + 38)) * 65_536) >>> 0, central + 38)
  made.writeUInt16LE(0, central + 36)
  if ((flags & hasDescriptor) === 0) {
    made.writeUInt32LE(checksum, local + 14)
    return end
  }
  return writeDescriptor(made, end, entry, checksum)
}

/** Of the attributes: file, folder or link, and whether it is executable. */
function modeOf(attributes: number): number {
  const mode = attributes >>> 16
  const kind = mode & 0o170000
  if (mode === 0) return 0
  return kind | (kind === 0o040000 || (mode & 0o100) !== 0 ? 0o755 : 0o644)
}

/** Bytes of extra fields and comments: zeros, in fields that keep their length so that nothing moves. */
function clearExtra(made: Buffer, begin: number, size: number): void {
  made.fill(0, begin, begin + size)
  // One field of zeros with a number that nobody has.
  if (size < 4) return
  made.writeUInt16LE(0xffff, begin)
  made.writeUInt16LE(size - 4, begin + 2)
}

function contentOf(packed: Buffer, { method, size }: Entry): Buffer | undefined {
  if (method === 0) return packed.length === size ? Buffer.from(packed) : undefined
  if (size > largestContent) return undefined
  try {
    const content = inflateRawSync(packed, { maxOutputLength: size + 1 })
    return content.length === size ? content : undefined
  } catch {
    return undefined
  }
}

function packedOf(
  content: Buffer,
  { method, packed, name, size }: Entry,
  { noise, inner }: FormContext
): { content: Buffer; stream: Buffer } | undefined {
  if (size === 0) return { content, stream: method === 0 ? content : (deflateTo(content, packed) ?? content) }
  const made = inner(content, name)
  const filling = fillingOf(content, noise(name))
  if (method === 0) {
    const other = made ?? sparse(size, filling)
    if (other.equals(content)) other[0] = (other[0] ?? 0) ^ 1
    return { content: other, stream: other }
  }
  const stream = made === undefined ? undefined : deflateTo(made, packed)
  if (made !== undefined && stream !== undefined) return { content: made, stream }
  const fitted = sparseTo(size, packed, filling)
  return fitted === undefined || fitted.content.equals(content) ? undefined : fitted
}

function writeDescriptor(made: Buffer, at: number, entry: Entry, checksum: number): number | undefined {
  const signed = at + 16 <= made.length && made.readUInt32LE(at) === sign.descriptor
  const begin = signed ? at + 4 : at
  if (begin + 12 > made.length || made.readUInt32LE(begin) !== entry.crc) return undefined
  made.writeUInt32LE(checksum, begin)
  return begin + 12
}
