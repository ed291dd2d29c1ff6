import { lettersOf } from './form-pictures.ts'
import type { FormMaker } from './scramble-forms.ts'

const magic = 0x950412de
const headerSize = 28
const entrySize = 8
/** The entry of the empty message is read for the encoding. */
const encoding = 'Content-Type: text/plain; charset=UTF-8\n'
/** Six digits make a message, so that their order is the one that readers search in. */
const messageSize = 6
const mostMessages = 10 ** messageSize

/**
 * A compiled catalogue (`.mo`, GNU gettext manual 10.3) of the same size with as many messages, all of one length: the
 * lengths of the originals could carry anything.
 */
export const catalogue: FormMaker = (bytes, { noise }) => {
  if (bytes.length < headerSize) return undefined
  const little = bytes.readUInt32LE(0) === magic
  if (!little && bytes.readUInt32BE(0) !== magic) return undefined
  const count = Math.min(little ? bytes.readUInt32LE(8) : bytes.readUInt32BE(8), mostMessages)
  const tables = headerSize + 2 * count * entrySize
  // The empty message and its entry; every other message; a byte ends each.
  const strings = tables + 1 + encoding.length + 1
  const room = bytes.length - strings - (count - 1) * (messageSize + 2)
  if (count < 1 || room < (count > 1 ? count - 1 : 0)) return undefined
  const made = Buffer.alloc(bytes.length)
  const word = (value: number, at: number): number =>
    little ? made.writeUInt32LE(value, at) : made.writeUInt32BE(value, at)
  for (const [at, value] of [
    magic,
    0,
    count,
    headerSize,
    headerSize + count * entrySize,
    0,
    tables
  ].entries())
    word(value, at * 4)
  const each = count > 1 ? Math.floor(room / (count - 1)) : 0
  let at = tables
  const put = (table: number, index: number, text: Buffer): void => {
    word(text.length, headerSize + table * count * entrySize + index * entrySize)
    word(at, headerSize + table * count * entrySize + index * entrySize + 4)
    text.copy(made, at)
    at += text.length + 1
  }
  const next = noise('messages')
  put(0, 0, Buffer.alloc(0))
  for (let index = 1; index < count; index += 1)
    put(0, index, Buffer.from(String(index).padStart(messageSize, '0')))
  put(1, 0, Buffer.from(encoding))
  for (let index = 1; index < count; index += 1)
    put(1, index, lettersOf(next(index === count - 1 ? bytes.length - at - 1 : each)))
  return made
}
