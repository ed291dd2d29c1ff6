import type { Sha256 } from '../documents/identifiers.ts'
import type { ScrambledFile, ScrambledLink } from '../documents/plan.ts'
import type { Archive, ArchiveKind, Member } from '../formats/archive.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { scrambledAs } from '../worlds/scramble.ts'
import { compareMembers } from './compare.ts'
import { isDerivedText } from './derived.ts'
import { digestsOf, type DigestPair, type Digests, type ReadBoth } from './digests.ts'
import { embeddingOf } from './embedding.ts'
import { isEquivalent, type EquivalenceRules } from './equivalence.ts'
import { packageKinds } from './kinds/kinds.ts'
import { memberRules } from './member-rules.ts'
import { isNormalised } from './normalised.ts'
import {
  copiesOf,
  findPutBacks,
  withOriginals,
  type PutBack,
  type PutBacks,
  type ReadOriginal
} from './putback.ts'

export interface RestoreRequest {
  /** The artifact as world a built it, and as world b (or a perturbation) did. */
  a: string
  b: string
  kind: ArchiveKind
  archives: { a: Archive; b: Archive }
  scramble: readonly ScrambledFile[]
  links?: readonly ScrambledLink[]
  /** Seed of the scrambled files; without it only digests by SHA-256 are found in texts. */
  seed?: Sha256
  original: ReadOriginal
  /** Times that strip-nondeterminism may have written, in seconds since 1970; left out: that is not known. */
  strippedTimes?: readonly number[]
  /** Layers of base images, `sha256:…`. */
  baseLayers?: ReadonlySet<string>
  /**
   * Members of a deb or image that may have other content, as what declared generators make of files that were scrambled
   * for it; what follows from them (md5sums, the configuration) does so then.
   */
  mayHave?: (member: string) => boolean
  /** Artifacts that this one is made of, as each world built them. */
  madeOf?: readonly DigestPair[]
}

const largestMember = 64 * 2 ** 20
/** Of each world, in memory. */
const mostBytes = 128 * 2 ** 20
/** Larger files are not hashed for digests in texts. */
const largestHashed = 64 * 2 ** 20

/**
 * World b's members with the originals back: copies and links first, then archives of scrambled files and texts with
 * their digests ({@link isEquivalent}), then what has digests of those, and so on (a scrambled file, RECORD that has its
 * SHA-256, md5sums that has RECORD's MD5).
 */
export async function restoreWorldB(
  request: RestoreRequest
): Promise<{ members: Member[]; putBacks: PutBacks }> {
  const { archives, scramble, kind, baseLayers } = request
  const putBacks = findPutBacks(archives.a.members, archives.b.members, scramble, request.links)
  const copied = withOriginals(archives.b.members, putBacks)
  const mayDiffer = scramble.length > 0 || (request.madeOf ?? []).length > 0
  const wanted = !mayDiffer ? [] : candidates(archives.a.members, copied, kind)
  const { contents, follow } = packageKinds[kind]
  // Packing may differ where nothing is scrambled, and what follows from it then does.
  if (wanted.length === 0 && follow === undefined) return { members: copied, putBacks }
  const read = readerOf(request)
  const digests = digestsOf(scramble, read)
  for (const { a, b } of request.madeOf ?? []) digests.learnSha256(a, b)
  if (wanted.length > 0) {
    const paths = new Set(wanted)
    const [a, b] = [
      await contents(request.a, paths, largestMember, baseLayers),
      await contents(request.b, paths, largestMember, baseLayers)
    ]
    await deriveAll(request, { wanted, a, b }, { putBacks, digests, read })
  }
  await follow?.({ ...request, putBacks, digests })
  return { members: withOriginals(archives.b.members, putBacks), putBacks }
}

interface Contents {
  /** Paths of members that are asked about. */
  wanted: readonly string[]
  a: ReadonlyMap<string, Buffer>
  b: ReadonlyMap<string, Buffer>
}

interface Restoring {
  putBacks: Map<string, PutBack>
  digests: Digests
  read: ReadBoth
}

/** Asks about each member again for as long as one more is found: a text may have the digest of another one. */
async function deriveAll(
  request: RestoreRequest,
  { wanted, a, b }: Contents,
  { putBacks, digests, read }: Restoring
): Promise<void> {
  const { scramble, archives, kind } = request
  const { exact } = memberRules[kind]
  const rules = rulesOf(request, digests)
  const embeds = embeddingOf(scramble, read)
  const both = { a: byPath(archives.a.members), b: byPath(archives.b.members), putBacks }
  for (let open = wanted; ;) {
    const left: string[] = []
    for (const path of open) {
      const [one, other] = [a.get(path), b.get(path)]
      if (one === undefined || other === undefined) continue
      const is =
        (exact && request.mayHave?.(path) === true) ||
        (await isEquivalent(one, other, path, rules)) ||
        (await embeds(one, other, path)) ||
        isDerivedText(one, other, path, both)
      if (!is) {
        left.push(path)
        continue
      }
      putBacks.set(path, { kind: 'derived', bytes: one, sha256: sha256OfBytes(one) })
      digests.learn(one, other)
    }
    if (left.length === 0 || left.length === open.length) return
    open = left
  }
}

function rulesOf({ scramble, original, strippedTimes }: RestoreRequest, digests: Digests): EquivalenceRules {
  const copies = copiesOf(scramble)
  // One time for all files: a choice for each would say something.
  let times: readonly (number | undefined)[] = strippedTimes ?? [undefined]
  return {
    digests,
    isCopy: (one, other, path) => copies(other, path)?.original === one,
    async isChangedCopy(a, b, path) {
      const file = copies(sha256OfBytes(b), path)
      if (file === undefined || file.size > largestMember) return false
      const bytes = await original(file.path)
      const fitting = await Promise.all(times.map((time) => isNormalised(bytes, a, time)))
      if (!fitting.includes(true)) return false
      times = times.filter((_, at) => fitting[at])
      return true
    }
  }
}

function byPath(members: readonly Member[]): Map<string, Member> {
  return new Map(members.map((member) => [member.path, member]))
}

/** Members that differ in content alone, as many as can be held; the smallest first. */
function candidates(a: readonly Member[], b: readonly Member[], kind: ArchiveKind): string[] {
  const found = compareMembers(a, b, kind).flatMap((difference) => {
    const size = Math.max(difference.a?.size ?? 0, difference.b?.size ?? 0)
    const is = difference.code === 'content-differs' && size <= largestMember
    return is ? [{ path: difference.member, size }] : []
  })
  let left = mostBytes
  return found
    .sort((one, other) => one.size - other.size)
    .filter(({ size }) => (left -= size) >= 0)
    .map(({ path }) => path)
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
