import { openZip, type ZipEntry } from '../formats/zip/reader.ts'
import { zipSourceOf } from '../formats/zip/source.ts'
import { asTagproofError } from '../platform/errors.ts'
import { whole } from '../platform/pieces.ts'

/** Older times are written as this one (File::StripNondeterminism, `SAFE_EPOCH`). */
const earliest = 315_576_060
const localHeader = 30
/** System in "version made by", and `S_IFREG`. */
const unix = 3
const regularFile = 0o100000
const extraField = { times: 0x5455, owners: 0x7875 } as const

/**
 * Whether `changed` is what strip-nondeterminism makes of the zip or jar `original`: each compressed member as it was,
 * in the order of their names, all times one time, modes 644 or 755, owners 0. Every other byte of the headers must be
 * the original's.
 *
 * @param epoch that time, in seconds since 1970; undefined where it is not known: then any one time will do
 */
export async function isNormalisedZip(original: Buffer, changed: Buffer, epoch?: number): Promise<boolean> {
  if (!isZip(original) || !isZip(changed)) return false
  try {
    const [one, other] = [await openZip(zipSourceOf(original)), await openZip(zipSourceOf(changed))]
    const from = new Map(one.entries.map((entry) => [entry.path, entry]))
    const inOrder = isSorted(other.entries) && one.end.length === other.end.length
    if (other.entries.length !== from.size || !inOrder) return false
    const dosTimes = new Set<number>()
    const unixTimes = new Set<number>()
    for (const entry of other.entries) {
      const source = from.get(entry.path)
      if (source === undefined || !isSameEntry(source, entry, unixTimes)) return false
      if (!(await whole(one.rawContent(source))).equals(await whole(other.rawContent(entry)))) return false
      dosTimes.add(entry.dosTime)
    }
    if (epoch === undefined) return dosTimes.size <= 1 && unixTimes.size <= 1
    const time = Math.max(epoch, earliest)
    return (
      [...dosTimes].every((found) => found === dosTime(time)) &&
      [...unixTimes].every((found) => found === time)
    )
  } catch (error) {
    if (asTagproofError(error).code === 'archive-invalid') return false
    throw error
  }
}

function isZip(bytes: Buffer): boolean {
  return bytes.length > 22 && bytes.readUInt32LE(0) === 0x04034b50
}

function isSameEntry(original: ZipEntry, changed: ZipEntry, times: Set<number>): boolean {
  const mode = (original.mode & 0o100) === 0 ? 0o644 : 0o755
  if (changed.crc32 !== original.crc32 || (changed.mode !== original.mode && changed.mode !== mode))
    return false
  const [one, other] = [plainHeaders(original, undefined), plainHeaders(changed, times)]
  return one !== undefined && other?.equals(one) === true
}

/**
 * Headers without what is rewritten; undefined where an extra field is cut, or holds owners.
 *
 * @param times receives those of the extra fields; undefined for the original, whose owners do not matter either
 */
function plainHeaders({ headers }: ZipEntry, times: Set<number> | undefined): Buffer | undefined {
  const plain = Buffer.from(headers)
  const central = localHeader + plain.readUInt16LE(26) + plain.readUInt16LE(28)
  plain.fill(0, 10, 14)
  plain.fill(0, central + 12, central + 16)
  // The permission bits alone: those of the type stay, and a file that had none is a regular one.
  const type = plain.readUInt16LE(central + 40) & ~0o7777
  const isUntyped = times === undefined && type === 0 && plain[central + 5] === unix
  plain.writeUInt16LE(isUntyped ? regularFile : type, central + 40)
  const nameEnd = central + 46 + plain.readUInt16LE(central + 28)
  const clean =
    clearExtra(plain.subarray(localHeader + plain.readUInt16LE(26), central), times) &&
    clearExtra(plain.subarray(nameEnd, nameEnd + plain.readUInt16LE(central + 30)), times)
  return clean ? plain : undefined
}

function clearExtra(extra: Buffer, times: Set<number> | undefined): boolean {
  for (let at = 0; at < extra.length;) {
    if (at + 4 > extra.length) return false
    const [id, end] = [extra.readUInt16LE(at), at + 4 + extra.readUInt16LE(at + 2)]
    if (end > extra.length) return false
    if (id === extraField.times) {
      for (let time = at + 5; time + 4 <= end; time += 4) times?.add(extra.readUInt32LE(time))
      extra.fill(0, at + 5, end)
    }
    if (id === extraField.owners && !clearOwners(extra.subarray(at + 4, end), times !== undefined))
      return false
    at = end
  }
  return true
}

/** Info-ZIP: version 1, length and bytes of the user, length and bytes of the group. */
function clearOwners(field: Buffer, mustBeClear: boolean): boolean {
  if (field.length < 3 || field[0] !== 1) return true
  const group = 2 + (field[1] ?? 0)
  if (group >= field.length || group + 1 + (field[group] ?? 0) !== field.length) return false
  const owners = [field.subarray(2, group), field.subarray(group + 1)]
  if (mustBeClear && owners.some((owner) => owner.some((byte) => byte !== 0))) return false
  for (const owner of owners) owner.fill(0)
  return true
}

function dosTime(epoch: number): number {
  const date = new Date(epoch * 1000)
  const day = ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  const clock = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  return day * 65536 + clock
}

/** What a jar begins with. */
const first = ['META-INF/', 'META-INF/MANIFEST.MF']

/** By name in bytes, what a jar begins with before the others or among them. */
function isSorted(entries: readonly ZipEntry[]): boolean {
  const names = entries.map(({ path, isDirectory }) => (isDirectory ? `${path}/` : path))
  const sorted = [...names].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
  const jar = [
    ...first.filter((name) => names.includes(name)),
    ...sorted.filter((name) => !first.includes(name))
  ]
  return [sorted, jar].some((order) => order.every((name, at) => name === names[at]))
}
