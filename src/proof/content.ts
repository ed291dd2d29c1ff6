/** Where two contents part, and what each has there. */
export interface Parting {
  offset: number
  /** From 1; null where the content is not text. */
  line: number | null
  a: string
  b: string
}

const before = 40
const after = 100

/** The first difference of two contents, with a short excerpt of each that is safe to print. */
export function firstDifference(a: Buffer, b: Buffer): Parting {
  const offset = commonPrefix(a, b)
  const text = isText(a) && isText(b)
  if (!text) return { offset, line: null, a: hexAt(a, offset), b: hexAt(b, offset) }
  const line = a.subarray(0, offset).toString('latin1').split('\n').length
  return { offset, line, a: escaped(lineAt(a, offset)), b: escaped(lineAt(b, offset)) }
}

function commonPrefix(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length)
  let at = 0
  // Whole blocks first: a byte loop over megabytes is slow.
  while (at + 4096 <= length && a.compare(b, at, at + 4096, at, at + 4096) === 0) at += 4096
  while (at < length && a[at] === b[at]) at += 1
  return at
}

/** Text is what has no control bytes in its first part; the same rule that git has, and stricter. */
export function isText(bytes: Buffer): boolean {
  return !bytes.subarray(0, 65_536).some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27))
}

/** The part of a line around a position. */
export function lineAt(bytes: Buffer, offset: number): string {
  const start = Math.max(bytes.lastIndexOf(0x0a, Math.max(0, offset - 1)) + 1, offset - before, 0)
  const from = Math.min(start, offset)
  const end = bytes.indexOf(0x0a, offset)
  const to = Math.min(end < 0 ? bytes.length : end, offset + after)
  return bytes.subarray(from, to).toString('utf8')
}

function hexAt(bytes: Buffer, offset: number): string {
  const part = bytes.subarray(offset, offset + 16)
  if (part.length === 0) return 'the end of the file'
  return part.toString('hex').replace(/(..)(?=.)/g, '$1 ')
}

/** Printable ASCII as it is, everything else as escapes: foreign bytes must not move a terminal's cursor. */
export function escaped(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`
  )
}
