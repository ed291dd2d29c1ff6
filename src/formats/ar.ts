import { ByteReader } from './byte-reader.ts'
import { invalidArchive } from './invalid.ts'

/** A member of an ar archive. */
export interface ArMember {
  name: string
  size: number
  /** Seconds since 1970. */
  mtime: number
  uid: number
  gid: number
  /** As the header has it, type bits among them. */
  mode: number
  /** Position of the member, from 0. */
  index: number
  /** Where its header begins. */
  offset: number
  /** The header's 60 bytes. */
  header: Buffer
  /** The bytes; may be read once, before the next member is asked for. What is not read is skipped. */
  content: AsyncIterable<Buffer>
}

const magic = Buffer.from('!<arch>\n')
const headerSize = 60
const pieceSize = 1 << 16

/**
 * Reads an ar archive as deb(5) has it: names of at most 15 characters in place, no tables of names or symbols (names
 * with `/`, `#1/`), every field a number in ASCII digits behind which only spaces stand, the newline of padding where the
 * size is odd, and nothing after the last member.
 *
 * @throws TagproofError `archive-invalid` with the member's index and offset
 */
export async function* readAr(source: AsyncIterable<Uint8Array>): AsyncGenerator<ArMember, void, void> {
  const reader = new ByteReader(source)
  try {
    if (!(await reader.exactly(magic.length)).equals(magic))
      throw invalidArchive({ format: 'ar', offset: 0 }, 'the file is not an ar archive')
    for (let index = 0; ; index += 1) {
      const offset = reader.offset
      const header = Buffer.from(await reader.exactly(headerSize))
      if (header.length === 0) return
      const fail = (problem: string): Error => invalidArchive({ format: 'ar', entry: index, offset }, problem)
      const member = parseHeader(header, fail)
      let remaining = member.size
      const content = async function* (): AsyncGenerator<Buffer> {
        while (remaining > 0) {
          const piece = await reader.some(Math.min(remaining, pieceSize))
          if (piece === undefined) throw fail('the archive ends inside the content')
          remaining -= piece.length
          yield piece
        }
      }
      yield { ...member, index, offset, header, content: content() }
      const unread = content()
      while ((await unread.next()).done !== true);
      if (member.size % 2 === 1 && (await reader.exactly(1))[0] !== 0x0a)
        throw fail('the byte of padding is missing or no newline')
    }
  } finally {
    await reader.close()
  }
}

type Fields = Omit<ArMember, 'index' | 'offset' | 'header' | 'content'>

function parseHeader(header: Buffer, fail: (problem: string) => Error): Fields {
  if (header.length < headerSize) throw fail('the header is cut, or data follows the last member')
  const text = header.toString('latin1')
  if (!text.endsWith('`\n')) throw fail('the header does not end as headers do')
  const name = /^([\w.+-]+) *$/.exec(text.slice(0, 16))?.[1]
  if (name === undefined) throw fail('the name is none that a deb has: letters, digits, "-", "_" and "."')
  const number = (from: number, to: number, digits: RegExp, what: string): string => {
    const found = digits.exec(text.slice(from, to))?.[1]
    if (found === undefined) throw fail(`the ${what} is no number`)
    return found
  }
  const decimal = /^(0|[1-9][0-9]*) *$/
  return {
    name,
    mtime: Number(number(16, 28, decimal, 'time')),
    uid: Number(number(28, 34, decimal, 'owner')),
    gid: Number(number(34, 40, decimal, 'group')),
    mode: parseInt(number(40, 48, /^([0-7]+) *$/, 'mode'), 8),
    size: Number(number(48, 58, decimal, 'size'))
  }
}
