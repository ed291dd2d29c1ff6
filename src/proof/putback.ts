import type { ScrambledFile } from '../documents/plan.ts'
import type { Member } from '../formats/archive.ts'
import type { Replace } from '../formats/replacement.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { TagproofError } from '../platform/errors.ts'

/** Which members of world b's artifact are verbatim copies of scrambled files, by path of the member. */
export type PutBacks = ReadonlyMap<string, ScrambledFile>

/** Reads an original from git, by its path in the tagged tree. */
export type ReadOriginal = (path: string) => Promise<Buffer>

/**
 * Finds the members of world b that hold a scrambled file's whole content and nothing else. A name never decides,
 * the bytes do. Several originals may have one scrambled form (files of a byte or two): then only the file that the
 * member's path ends with will do, since a free choice among them would let world a say anything, byte by byte.
 * A member that is equal in both worlds needs no original, even if its bytes look like a scrambled file.
 */
export function findPutBacks(
  a: readonly Member[],
  b: readonly Member[],
  scramble: readonly ScrambledFile[]
): Map<string, ScrambledFile> {
  const byScrambled = new Map<string, ScrambledFile[]>()
  for (const file of scramble)
    byScrambled.set(file.scrambled, [...(byScrambled.get(file.scrambled) ?? []), file])
  const contentOfA = new Map(a.map((member) => [member.path, member.sha256]))
  const found = new Map<string, ScrambledFile>()
  for (const member of b) {
    if (member.kind !== 'file' && member.kind !== 'hardlink') continue
    const shown = contentOfA.get(member.path)
    const candidates = byScrambled.get(member.sha256) ?? []
    const chosen = theOne(candidates, member.path)
    if (chosen !== undefined && shown !== member.sha256) found.set(member.path, chosen)
  }
  return found
}

/** The file whose copy a member is, or undefined where its bytes leave a choice. */
function theOne(candidates: readonly ScrambledFile[], member: string): ScrambledFile | undefined {
  const [first] = candidates
  if (candidates.every((file) => file.original === first?.original)) return first
  return candidates.find((file) => member === file.path || member.endsWith(`/${file.path}`))
}

/** World b's members as they are once the originals are back. */
export function withOriginals(b: readonly Member[], putBacks: PutBacks): Member[] {
  return b.map((member) => {
    const file = putBacks.get(member.path)
    return file === undefined ? member : { ...member, sha256: file.original }
  })
}

/** Hands the originals to a canonical writer. */
export function replaceWithOriginals(putBacks: PutBacks, read: ReadOriginal): Replace {
  return async (member) => {
    const file = putBacks.get(member.path)
    if (file === undefined) return undefined
    const bytes = await checkedOriginal(file, read)
    return { size: bytes.length, content: once(bytes) }
  }
}

async function checkedOriginal(file: ScrambledFile, read: ReadOriginal): Promise<Buffer> {
  const bytes = await read(file.path)
  const found = sha256OfBytes(bytes)
  if (found === file.original) return bytes
  throw new TagproofError('document-mismatch', `The original of ${file.path} is not what was planned.`, {
    found,
    expected: file.original,
    fix: 'The plan belongs to another tree; run tagproof plan again, and build again.'
  })
}

/**
 * The text of world b's RECORD with the hashes of put-back members replaced by those that world a's RECORD has for
 * the same path. That those are the hashes of world a's content was checked when it was read.
 */
export function recordWithOriginals(a: string, b: string, putBacks: PutBacks): string {
  if (putBacks.size === 0) return b
  const linesOfA = new Map(a.split('\n').map((line) => [pathField(line), line]))
  return b
    .split('\n')
    .map((line) => {
      const field = pathField(line)
      const path = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field
      return putBacks.has(path) ? (linesOfA.get(field) ?? line) : line
    })
    .join('\n')
}

/** The first field of a CSV line, quotes included. */
function pathField(line: string): string {
  return /^(?:"(?:[^"]|"")*"|[^,]*)/.exec(line)?.[0] ?? line
}

// eslint-disable-next-line @typescript-eslint/require-await -- writers read every file as a stream
async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
