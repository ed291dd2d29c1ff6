import { createHash } from 'node:crypto'
import type { ObjectFormat } from './private-git.ts'
import type { IndexLine } from './tree.ts'

/** `assume valid`: git believes the entry and never looks at the file (gitformat-index(5), flags). */
const assumeUnchanged = 0x8000
const longestCountedName = 0xfff
const statBytes = 40

/**
 * A version 2 index of a commit. Every entry is assumed unchanged, so its stat data may be zero and a scrambled
 * file does not make the tree dirty.
 *
 * @param lines sorted by the bytes of their paths
 */
export function gitIndex(lines: readonly IndexLine[], format: ObjectFormat): Buffer {
  const header = Buffer.alloc(12)
  header.write('DIRC', 0, 'latin1')
  header.writeUInt32BE(2, 4)
  header.writeUInt32BE(lines.length, 8)
  const body = Buffer.concat([header, ...lines.map(indexEntry)])
  return Buffer.concat([body, createHash(format).update(body).digest()])
}

function indexEntry(line: IndexLine): Buffer {
  const id = Buffer.from(line.id, 'hex')
  const name = Buffer.from(line.path, 'utf8')
  const length = statBytes + id.length + 2 + name.length
  // One to eight zeros end the name at a multiple of eight.
  const entry = Buffer.alloc(length + 8 - (length % 8))
  entry.writeUInt32BE(Number.parseInt(line.mode, 8), 24)
  id.copy(entry, statBytes)
  entry.writeUInt16BE(assumeUnchanged | Math.min(name.length, longestCountedName), statBytes + id.length)
  name.copy(entry, statBytes + id.length + 2)
  return entry
}
