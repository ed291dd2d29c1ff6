/** A `.mo` file: what it maps to what, in bytes. */
export interface MessageFile {
  /** In the order of the file. */
  messages: { original: Buffer; translation: Buffer }[]
}

const headerSize = 28
/** Of the search for a free place in the hash table, for each message. */
const mostSteps = 32

/**
 * Reads a `.mo` file strictly (GNU gettext manual, "The Format of GNU MO Files"), so that nothing else is in it: every
 * byte belongs to the header, a table, the hash table as gettext makes it, a string, or the NUL behind it; no message
 * is there twice. (Babel sorts contexts in its own way, so order is not looked at.) Returns what is wrong as a text.
 */
export function readMessageFile(bytes: Buffer): MessageFile | string {
  if (bytes.length < headerSize) return 'it is too short'
  const magic = bytes.readUInt32LE(0)
  if (magic !== 0x950412de && magic !== 0xde120495) return 'it does not begin as one'
  const little = magic === 0x950412de
  const word = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
  const revision = word(4)
  const [count, originals, translations, hashSize, hashAt] = [word(8), word(12), word(16), word(20), word(24)]
  // Minor revision 1 adds strings that depend on the system, which no Python reads.
  if (revision !== 0) return `its revision is ${revision}`
  if (count > bytes.length / 18) return `it cannot hold ${count} messages`
  const cover = new Coverage(bytes.length)
  cover.take(0, headerSize)
  const tables = [
    [originals, count * 8],
    [translations, count * 8],
    [hashAt, hashSize * 4]
  ] as const
  for (const [at, size] of tables)
    if (size > 0 && !cover.take(at, size)) return 'its tables lie over one another, or outside'
  const stringAt = (table: number, index: number): Buffer | undefined => {
    const length = word(table + index * 8)
    const at = word(table + index * 8 + 4)
    if (!cover.take(at, length + 1) || bytes[at + length] !== 0) return undefined
    return bytes.subarray(at, at + length)
  }
  const messages: MessageFile['messages'] = []
  const keys = new Set<string>()
  for (let index = 0; index < count; index += 1) {
    const original = stringAt(originals, index)
    const translation = stringAt(translations, index)
    if (original === undefined || translation === undefined)
      return `message ${index} lies over another, or outside`
    const key = keyOf(original).toString('latin1')
    if (keys.has(key)) return `message ${index} is there twice`
    keys.add(key)
    messages.push({ original, translation })
  }
  const gap = cover.gap(bytes)
  if (gap !== undefined) return `nothing accounts for the bytes at offset ${gap}`
  if (
    hashSize > 0 &&
    !hashTableFits(
      messages.map(({ original }) => keyOf(original)),
      { hashSize, at: (slot) => word(hashAt + slot * 4) }
    )
  )
    return 'its hash table leads elsewhere than gettext makes it lead'
  return { messages }
}

/** What is looked up: the singular, up to the NUL before the plural. */
function keyOf(original: Buffer): Buffer {
  const end = original.indexOf(0)
  return end < 0 ? original : original.subarray(0, end)
}

/** Ranges of a file that something accounts for. */
class Coverage {
  private readonly marks: Uint8Array

  constructor(size: number) {
    this.marks = new Uint8Array(size)
  }

  /** False where the range is outside, or a part of it is taken. */
  take(at: number, size: number): boolean {
    if (at + size > this.marks.length) return false
    for (let offset = at; offset < at + size; offset += 1) {
      if (this.marks[offset] === 1) return false
      this.marks[offset] = 1
    }
    return true
  }

  /** The first byte that nothing accounts for; single NULs that align what follows are allowed. */
  gap(bytes: Buffer): number | undefined {
    for (let offset = 0; offset < bytes.length; offset += 1)
      if (this.marks[offset] === 0 && bytes[offset] !== 0) return offset
    return longestRun(this.marks) > 8 ? this.marks.indexOf(0) : undefined
  }
}

function longestRun(marks: Uint8Array): number {
  let longest = 0
  let run = 0
  for (const mark of marks) {
    run = mark === 0 ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}

interface HashTable {
  hashSize: number
  /** One more than the message's index, or 0. */
  at: (slot: number) => number
}

/** The table as msgfmt fills it: P. J. Weinberger's hash, open addressing (write-mo.c, hash-string.h). */
function hashTableFits(keys: readonly Buffer[], { hashSize, at }: HashTable): boolean {
  if (hashSize < 3 || hashSize <= keys.length || hashSize > 16 * keys.length + 64) return false
  const table = new Uint32Array(hashSize)
  // Keys that were chosen to collide would take a step for each pair of them.
  let steps = mostSteps * (keys.length + 64)
  for (const [index, key] of keys.entries()) {
    const hash = hashOf(key)
    const step = 1 + (hash % (hashSize - 2))
    let slot = hash % hashSize
    for (; table[slot] !== 0; steps -= 1) {
      if (steps <= 0) return false
      slot = slot >= hashSize - step ? slot - (hashSize - step) : slot + step
    }
    table[slot] = index + 1
  }
  return table.every((entry, slot) => entry === at(slot))
}

function hashOf(key: Buffer): number {
  let hash = 0
  for (const byte of key) {
    hash = ((hash << 4) + byte) >>> 0
    const high = hash & 0xf0000000
    if (high !== 0) hash = (hash ^ (high >>> 24) ^ high) >>> 0
  }
  return hash
}
