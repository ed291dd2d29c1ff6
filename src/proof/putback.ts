import type { ScrambledFile, ScrambledLink } from '../documents/plan.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import type { Member } from '../formats/archive.ts'
import type { Replace } from '../formats/replacement.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { TagproofError } from '../platform/errors.ts'
import { once } from '../platform/pieces.ts'

/** Why a member of world b is world a's once the originals are back. */
export type PutBack =
  /** A verbatim copy of a scrambled file. */
  | { kind: 'copy'; file: ScrambledFile }
  /** A link whose text world b saw replaced. */
  | { kind: 'link'; link: ScrambledLink }
  /** An archive of scrambled files, or a text with their digests; `bytes` are world a's. */
  | { kind: 'derived'; bytes: Buffer; sha256: Sha256 }

/** What is put back into world b's artifact, by path of the member. */
export type PutBacks = ReadonlyMap<string, PutBack>

/** Reads an original from git, by its path in the tagged tree. */
export type ReadOriginal = (path: string) => Promise<Buffer>

/**
 * Finds the members of world b that hold a scrambled file's whole content and nothing else. A name never decides,
 * the bytes do. Several originals may have one scrambled form (files of a byte or two): then only the file that the
 * member's path ends with will do, since a free choice among them would let world a say anything, byte by byte.
 * A member that is equal in both worlds needs no original, even if its bytes look like a scrambled file.
 *
 * A link of the tree that leads elsewhere in world b may be kept by the build, or followed: then the member at the
 * link's own path holds what the link leads to in each world.
 */
export function findPutBacks(
  a: readonly Member[],
  b: readonly Member[],
  scramble: readonly ScrambledFile[],
  links: readonly ScrambledLink[] = []
): Map<string, PutBack> {
  const copies = copiesOf(scramble)
  const linkAt = linksByName(links)
  const byPath = new Map(scramble.map((file) => [file.path, file]))
  const ofA = new Map(a.map((member) => [member.path, member]))
  const found = new Map<string, PutBack>()
  for (const member of b) {
    const shown = ofA.get(member.path)
    const link = linkAt(member.path)
    if (link !== undefined && member.kind === 'symlink') {
      const isIt = member.linkTarget === link.scrambled && shown?.linkTarget === link.original
      if (isIt) found.set(member.path, { kind: 'link', link })
    }
    if ((member.kind !== 'file' && member.kind !== 'hardlink') || shown?.sha256 === member.sha256) continue
    const followed = link?.leadsTo == null ? undefined : byPath.get(link.leadsTo)
    const seen = link?.leadsInB == null ? undefined : byPath.get(link.leadsInB)
    if (followed !== undefined && seen?.scrambled === member.sha256 && shown?.sha256 === followed.original)
      found.set(member.path, { kind: 'copy', file: followed })
    else {
      const file = copies(member.sha256, member.path)
      if (file !== undefined) found.set(member.path, { kind: 'copy', file })
    }
  }
  return found
}

/** Gives the file whose scrambled copy some bytes are, by their SHA-256 and the path of the member that has them. */
export function copiesOf(
  scramble: readonly ScrambledFile[]
): (sha256: string, member: string) => ScrambledFile | undefined {
  const byScrambled = new Map<string, ScrambledFile[]>()
  for (const file of scramble)
    byScrambled.set(file.scrambled, [...(byScrambled.get(file.scrambled) ?? []), file])
  return (sha256, member) => theOne(byScrambled.get(sha256) ?? [], member)
}

/** The file whose copy a member is, or undefined where its bytes leave a choice. */
function theOne(candidates: readonly ScrambledFile[], member: string): ScrambledFile | undefined {
  const [first] = candidates
  if (candidates.every((file) => file.original === first?.original)) return first
  return candidates.find((file) => endsWith(member, file.path))
}

/** Finds the link of the tree whose path a member has, as far as both go: a target may lie in a folder of the tree. */
function linksByName(links: readonly ScrambledLink[]): (member: string) => ScrambledLink | undefined {
  const byName = new Map<string, ScrambledLink[]>()
  for (const link of links) byName.set(nameOf(link.path), [...(byName.get(nameOf(link.path)) ?? []), link])
  return (member) => {
    const named = byName.get(nameOf(member)) ?? []
    return (
      named.find((link) => endsWith(member, link.path)) ??
      named.find((link) => endsWith(link.path, inside(member)))
    )
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function inside(member: string): string {
  return member.slice(member.indexOf('/') + 1)
}

function endsWith(path: string, end: string): boolean {
  return path === end || path.endsWith(`/${end}`)
}

/** World b's members as they are once the originals are back. A hard link is what it leads to. */
export function withOriginals(b: readonly Member[], putBacks: PutBacks): Member[] {
  return b.map((member) => {
    const back =
      putBacks.get(member.path) ?? (member.kind === 'hardlink' ? ofTarget(member, putBacks) : undefined)
    if (back === undefined) return member
    if (back.kind === 'copy') return { ...member, sha256: back.file.original, size: back.file.size }
    if (back.kind === 'derived') return { ...member, sha256: back.sha256, size: back.bytes.length }
    return { ...member, linkTarget: back.link.original, sha256: sha256OfBytes(back.link.original) }
  })
}

/** Paths of a layer are told below that layer. */
function ofTarget({ path, linkTarget }: Member, putBacks: PutBacks): PutBack | undefined {
  const layer = /^(?:[^/]+\/)?layers\/[0-9]+\//.exec(path)?.[0] ?? ''
  return putBacks.get(linkTarget ?? '') ?? putBacks.get(`${layer}${linkTarget ?? ''}`)
}

/** Hands the originals to a canonical writer. */
export function replaceWithOriginals(putBacks: PutBacks, read: ReadOriginal): Replace {
  return async (member) => {
    const back = putBacks.get(member.path)
    if (back === undefined) return undefined
    if (back.kind === 'link')
      return { size: 0, content: once(Buffer.alloc(0)), linkTarget: back.link.original }
    const bytes = back.kind === 'copy' ? await checkedOriginal(back.file, read) : back.bytes
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
