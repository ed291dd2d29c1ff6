import { isUtf8 } from 'node:buffer'
import type { Sha256 } from '../documents/identifiers.ts'
import type { ScrambledFile, ScrambledLink } from '../documents/plan.ts'
import type { Archive, Member } from '../formats/archive.ts'
import { readSdist } from '../formats/sdist.ts'
import { openZip } from '../formats/zip/reader.ts'
import { scrambledAs } from '../worlds/scramble.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { compareMembers } from './compare.ts'
import { digestsOf, type ReadBoth } from './digests.ts'
import { isEquivalent } from './equivalence.ts'
import { withEmbeddedOriginals, type EmbeddedText } from './embedded.ts'
import { copiesOf, findPutBacks, withOriginals, type PutBacks, type ReadOriginal } from './putback.ts'
import { whole } from '../platform/pieces.ts'

export interface RestoreRequest {
  /** The artifact as world a built it, and as world b (or a perturbation) did. */
  a: string
  b: string
  kind: 'sdist' | 'wheel'
  archives: { a: Archive; b: Archive }
  scramble: readonly ScrambledFile[]
  links?: readonly ScrambledLink[]
  /** Seed of the scrambled files; without it only digests by SHA-256 are found in texts. */
  seed?: Sha256
  original: ReadOriginal
}

const largestMember = 64 * 2 ** 20
/** Of each world, in memory. */
const mostBytes = 128 * 2 ** 20
/** Larger files are not hashed for digests in texts. */
const largestHashed = 16 * 2 ** 20

/**
 * World b's members with the originals back: copies and links first, then archives of scrambled files and texts with
 * their digests ({@link isEquivalent}).
 */
export async function restoreWorldB(
  request: RestoreRequest
): Promise<{ members: Member[]; putBacks: PutBacks }> {
  const { archives, scramble, kind } = request
  const putBacks = findPutBacks(archives.a.members, archives.b.members, scramble, request.links)
  const copied = withOriginals(archives.b.members, putBacks)
  const wanted = scramble.length === 0 ? [] : candidates(archives.a.members, copied, kind)
  if (wanted.length === 0) return { members: copied, putBacks }
  const paths = new Set(wanted)
  const [a, b] = [await contentsOf(request.a, kind, paths), await contentsOf(request.b, kind, paths)]
  const copies = copiesOf(scramble)
  const rules = {
    isCopy: (one: string, other: string, path: string) => copies(other, path)?.original === one,
    digests: digestsOf(scramble, readerOf(request))
  }
  const embeds = embeddingOf(scramble, readerOf(request))
  for (const path of wanted) {
    const [one, other] = [a.get(path), b.get(path)]
    if (one === undefined || other === undefined) continue
    if ((await isEquivalent(one, other, path, rules)) || (await embeds(one, other, path)))
      putBacks.set(path, { kind: 'derived', bytes: one, sha256: sha256OfBytes(one) })
  }
  return { members: withOriginals(archives.b.members, putBacks), putBacks }
}

/** Members that differ in content alone, as many as can be held. */
function candidates(a: readonly Member[], b: readonly Member[], kind: 'sdist' | 'wheel'): string[] {
  let total = 0
  return compareMembers(a, b, kind).flatMap((difference) => {
    const size = Math.max(difference.a?.size ?? 0, difference.b?.size ?? 0)
    if (difference.code !== 'content-differs' || size > largestMember || total + size > mostBytes) return []
    total += size
    return [difference.member]
  })
}

async function contentsOf(
  file: string,
  kind: 'sdist' | 'wheel',
  paths: ReadonlySet<string>
): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>()
  if (kind === 'sdist') {
    for await (const entry of readSdist(file))
      if (paths.has(entry.path)) contents.set(entry.path, await whole(entry.content))
    return contents
  }
  const archive = await openZip(file)
  try {
    for (const entry of archive.entries)
      if (paths.has(entry.path)) contents.set(entry.path, await whole(archive.content(entry)))
  } finally {
    await archive.close()
  }
  return contents
}

/** Whole texts are looked for in metadata alone: what else takes in a text does more with it. */
const metadata = /(^|\/)(METADATA|PKG-INFO)$/
const largestMetadata = 4 * 2 ** 20
/** Longer texts are in no description, and all together must be held. */
const largestText = 2 ** 20
const mostTexts = 16 * 2 ** 20

/** Whether world b's metadata is world a's once scrambled texts that stand in it have their originals back. */
function embeddingOf(
  scramble: readonly ScrambledFile[],
  read: ReadBoth
): (a: Buffer, b: Buffer, path: string) => Promise<boolean> {
  let texts: Promise<EmbeddedText[]> | undefined
  return async (a, b, path) => {
    if (!metadata.test(path) || b.length > largestMetadata || !isUtf8(a) || !isUtf8(b)) return false
    if (fieldsOf(a.toString('utf8')) !== fieldsOf(b.toString('utf8'))) return false
    texts ??= readTexts(scramble, read)
    return withEmbeddedOriginals(b.toString('utf8'), await texts)?.text === a.toString('utf8')
  }
}

/** All fields of metadata but the description: what installers go by must follow no scrambled file, not even whole. */
function fieldsOf(text: string): string {
  const lines = text.split(/\r\n|\r|\n/)
  const end = lines.indexOf('')
  let described = false
  return lines
    .slice(0, end < 0 ? lines.length : end)
    .filter((line) => {
      if (!/^[ \t]/.test(line)) described = /^Description:/i.test(line)
      return !described
    })
    .join('\n')
}

async function readTexts(scramble: readonly ScrambledFile[], read: ReadBoth): Promise<EmbeddedText[]> {
  const texts: EmbeddedText[] = []
  let left = mostTexts
  for (const file of scramble) {
    if (file.size > largestText || file.size > left) continue
    const both = await read(file)
    if (both === undefined || !isUtf8(both.original) || !isUtf8(both.scrambled)) continue
    left -= file.size
    texts.push({
      path: file.path,
      original: both.original.toString('utf8'),
      scrambled: both.scrambled.toString('utf8')
    })
  }
  return texts
}

/** Makes a scrambled file again from its original, in the tier that its hash shows. */
function readerOf({ seed, original }: RestoreRequest): ReadBoth {
  return async (file) => {
    if (seed === undefined || file.size > largestHashed) return undefined
    const bytes = await original(file.path)
    for (const tier of [1, 2] as const) {
      const scrambled = scrambledAs(bytes, file.path, seed, tier).bytes
      if (sha256OfBytes(scrambled) === file.scrambled) return { original: bytes, scrambled }
    }
    return undefined
  }
}
