import { sparse } from './deflate-fit.ts'
import { areReadable, fillingOf, type FormMaker } from './scramble-forms.ts'

const blockSize = 512
/** Fields of a ustar header that are written anew: owners, time, names of owners, devices (POSIX, pax). */
const cleared: readonly { at: number; size: number; value: string }[] = [
  { at: 100, size: 8, value: '0000644\0' },
  { at: 108, size: 8, value: '0000000\0' },
  { at: 116, size: 8, value: '0000000\0' },
  { at: 136, size: 12, value: '00000000000\0' },
  { at: 265, size: 64, value: '' },
  { at: 329, size: 16, value: '' },
  { at: 500, size: 12, value: '' }
]
/** Records of pax that say where a member lies; those of times have their digits taken away. */
const keptRecords = /^(path|linkpath|size|mtime|atime|ctime)=/

/** Files, links and folders, and the two kinds of pax records. */
const knownTypes = new Set(['0', '\0', '1', '2', '5', 'x', 'g'])

/** A tar file with the same names and sizes; contents, owners and times are others. */
export const tar: FormMaker = (bytes, { noise, inner }) => {
  if (bytes.length < 2 * blockSize || bytes.length % blockSize !== 0) return undefined
  if (bytes.toString('latin1', 257, 262) !== 'ustar') return undefined
  const made = Buffer.from(bytes)
  const names: string[] = []
  for (let at = 0; at + blockSize <= bytes.length;) {
    const header = made.subarray(at, at + blockSize)
    if (header.every((byte) => byte === 0)) {
      made.fill(0, at)
      return areReadable(names) ? made : undefined
    }
    const size = octal(header.toString('latin1', 124, 136))
    const begin = at + blockSize
    const end = begin + Math.ceil((size ?? 0) / blockSize) * blockSize
    if (size === undefined || end > bytes.length || !isIntact(header)) return undefined
    const type = header.toString('latin1', 156, 157)
    if (!knownTypes.has(type)) return undefined
    names.push(textOf(header, 0, 100), textOf(header, 345, 155), textOf(header, 157, 100))
    clean(header, type)
    const content = made.subarray(begin, begin + size)
    made.fill(0, begin + size, end)
    if (type === 'x') {
      const records = cleanRecords(content)
      if (records === undefined) return undefined
      names.push(...records)
    } else if (type === 'g') {
      if (!isComment(content)) return undefined
    } else if (type === '0' || type === '\0') {
      const label = textOf(header, 345, 155) + textOf(header, 0, 100) + String(at)
      const other = inner(content, label) ?? sparse(size, fillingOf(content, noise(label)))
      other.copy(made, begin)
    }
    at = end
  }
  return undefined
}

function clean(header: Buffer, type: string): void {
  const isExecutable = ((octal(header.toString('latin1', 100, 108)) ?? 0) & 0o100) !== 0
  for (const { at, size, value } of cleared) {
    header.fill(0, at, at + size)
    header.write(value, at, 'latin1')
  }
  if (type === '5' || isExecutable) header.write('0000755\0', 100, 'latin1')
  header.write('        ', 148, 'latin1')
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}

function isIntact(header: Buffer): boolean {
  const copy = Buffer.from(header)
  const stated = octal(copy.toString('latin1', 148, 156))
  copy.write('        ', 148, 'latin1')
  return stated === checksum(copy)
}

function checksum(header: Buffer): number {
  return header.reduce((sum, byte) => sum + byte, 0)
}

function octal(field: string): number | undefined {
  const text = field.replace(/[\0 ]+$/, '').trimStart()
  return /^[0-7]{1,12}$/.test(text) ? Number.parseInt(text, 8) : undefined
}

function textOf(header: Buffer, at: number, size: number): string {
  return header.toString('latin1', at, at + size).replace(/\0.*$/s, '')
}

/** The comment that `git archive` writes: the name of the commit, of which nothing stays. */
function isComment(content: Buffer): boolean {
  const match = /^52 comment=([0-9a-f]{40})\n$/.exec(content.toString('latin1'))
  if (match === null) return false
  content.fill(0x30, 11, 51)
  return true
}

/** Takes times out of pax records, in place, and gives the names in them; undefined for records of another kind. */
function cleanRecords(content: Buffer): string[] | undefined {
  const names: string[] = []
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(0x20, at)
    const length = blank < 0 || blank - at > 6 ? Number.NaN : Number(content.toString('latin1', at, blank))
    const end = at + length
    if (!Number.isSafeInteger(end) || end > content.length || end <= blank + 1 || content[end - 1] !== 0x0a)
      return undefined
    const record = content.toString('utf8', blank + 1, end - 1)
    const key = keptRecords.exec(record)?.[1]
    if (key === undefined) return undefined
    if (key.endsWith('time')) {
      const value = blank + 1 + key.length + 1
      content.fill(0x30, value, end - 1)
    } else names.push(record.slice(key.length + 1))
    at = end
  }
  return names
}
