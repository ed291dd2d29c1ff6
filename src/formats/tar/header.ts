import { tarChecksum } from './writer.ts'

/** One 512-byte header block, read by itself: before pax and GNU extensions are applied. */
export interface TarBlock {
  /** `ustar\0`, GNU's `ustar  `, or the format before both. */
  dialect: 'ustar' | 'gnu' | 'v7'
  type: string
  path: string
  linkTarget: string
  mode: number
  uid: number
  gid: number
  size: number
  mtime: number
  uname: string
  gname: string
  /** Of a device; elsewhere without meaning, and mostly 0. */
  device: { major: number; minor: number }
}

/** What a block says is wrong with it; the reader adds the place. */
export class TarBlockProblem extends Error {}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text of a field or record. */
export function decodeTarText(bytes: Uint8Array, what: string): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw new TarBlockProblem(`${what} is not UTF-8`)
  }
}

/**
 * Reads a header block (POSIX ustar; GNU tar manual, "Basic Tar Format"). Bytes that no field owns must be zero,
 * for readers disagree on them.
 *
 * @throws TarBlockProblem
 */
export function parseTarBlock(block: Buffer): TarBlock {
  const sum = parseNumber(block, 148, 8, 'checksum', false)
  if (sum !== tarChecksum(block)) throw new TarBlockProblem('the header checksum is wrong')
  const dialect = dialectOf(block)
  const type = String.fromCharCode(block[156] ?? 0)
  const number = (at: number, length: number, what: string): number =>
    parseNumber(block, at, length, what, dialect === 'gnu')
  // bsdtar writes large owners in base 256 into ustar, too. No reader lets them decide what is unpacked.
  const owner = (at: number, what: string): number =>
    checkedOwner(parseNumber(block, at, 8, what, true), what)
  const text = (at: number, length: number, what: string): string => parseText(block, at, length, what)
  const prefix = dialect === 'ustar' ? text(345, 155, 'prefix') : ''
  const name = text(0, 100, 'name')
  const device = { major: number(329, 8, 'device number'), minor: number(337, 8, 'device number') }
  return {
    dialect,
    type: type === '\0' ? '0' : type,
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkTarget: text(157, 100, 'link target'),
    mode: number(100, 8, 'mode'),
    uid: owner(108, 'uid'),
    gid: owner(116, 'gid'),
    size: notNegative(number(124, 12, 'size')),
    mtime: number(136, 12, 'mtime'),
    uname: text(265, 32, 'owner name'),
    gname: text(297, 32, 'group name'),
    device
  }
}

function dialectOf(block: Buffer): TarBlock['dialect'] {
  const magic = block.toString('latin1', 257, 265)
  if (magic === 'ustar\x0000') return needZeros(block, 500, 'ustar')
  // GNU tar puts times and sparse maps here; Python reads a name prefix.
  if (magic === 'ustar  \0') return needZeros(block, 345, 'gnu')
  if (magic === '\0'.repeat(8)) return needZeros(block, 257, 'v7')
  throw new TarBlockProblem('the magic is neither ustar nor GNU')
}

function needZeros<Dialect>(block: Buffer, from: number, dialect: Dialect): Dialect {
  if (!isZero(block.subarray(from)))
    throw new TarBlockProblem(`the header has bytes that no field owns after ${from}`)
  return dialect
}

const zeroBlock = Buffer.alloc(1 << 16)

export function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += zeroBlock.length) {
    const piece = bytes.subarray(at, at + zeroBlock.length)
    if (!piece.equals(zeroBlock.subarray(0, piece.length))) return false
  }
  return true
}

function parseText(block: Buffer, at: number, length: number, what: string): string {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  if (end >= 0 && !isZero(field.subarray(end)))
    throw new TarBlockProblem(`the ${what} has bytes after its NUL`)
  return decodeTarText(end < 0 ? field : field.subarray(0, end), `the ${what}`)
}

function parseNumber(block: Buffer, at: number, length: number, what: string, allowBinary: boolean): number {
  const field = block.subarray(at, at + length)
  const first = field[0] ?? 0
  if (first === 0x80 || first === 0xff) {
    if (!allowBinary) throw new TarBlockProblem(`the ${what} is in base 256, which ustar does not have`)
    return binaryNumber(field, what)
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(field.toString('latin1'))?.[1]
  // Python takes a blank field for 0, GNU tar for an error.
  if (digits === undefined || (digits === '' && field.includes(0x20)))
    throw new TarBlockProblem(`the ${what} is no octal number`)
  return digits === '' ? 0 : parseInt(digits, 8)
}

function notNegative(size: number): number {
  if (size < 0) throw new TarBlockProblem('the size is negative')
  return size
}

const largestOwner = 2 ** 32 - 1

/** GNU tar gives up on a number that no system has. @throws TarBlockProblem */
export function checkedOwner(value: number, what: string): number {
  if (value >= 0 && value <= largestOwner) return value
  throw new TarBlockProblem(`the ${what} is out of range`)
}

/** GNU's two's complement form: the first byte is 0x80 or 0xff. */
function binaryNumber(field: Buffer, what: string): number {
  let value = field[0] === 0xff ? -1n : 0n
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte)
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new TarBlockProblem(`the ${what} is out of range`)
  return number
}
