import type { ObjectId } from '../../documents/identifiers.ts'
import { folderReason } from '../../source/opaque.ts'
import { isCode } from './code.ts'
import type { TracedMember } from './generator.ts'
import type { TreeIndex } from './tree.ts'

/** Where a member's bytes are in the tree, and where the tree has something at the member's own place. */
export interface Placement {
  /** `blob`: at its own place, or where the package's folder lies in the tree; null where no file has the bytes. */
  origin: 'blob' | 'link' | 'moved' | null
  from: string | null
  /** The file of the tree that a reader would take for this member; other bytes than its own there are a change. */
  own: string | null
}

export interface PlacementRequest {
  members: readonly TracedMember[]
  ids: ReadonlyMap<string, ObjectId>
  tree: TreeIndex
  /** Folder of the target, empty or with a slash at its end. */
  folder: string
}

/**
 * Finds for each member its place in the tree. A package may lie below a folder such as `src/`, or be mapped to
 * another name: the folder that explains most members of a top-level package is taken for that package's, so that
 * one file that comes from elsewhere stands out. Folders of tests, documents, examples and benchmarks are never taken
 * for a package's folder, unless the package has that name too.
 */
export function placeMembers(request: PlacementRequest): Map<string, Placement> {
  const { members, tree, folder } = request
  const candidates = new Map(members.map((member) => [member.path, candidatesOf(member, request)]))
  const roots = packageRoots(members, candidates, folder)
  const placed = new Map<string, Placement>()
  for (const member of members) {
    const inner = installPath(member.inner)
    const direct = folder + inner
    const root = roots.get(topOf(inner))
    const rooted = root === undefined ? undefined : joinRoot(root, inner)
    const own = [direct, rooted].find((path) => path !== undefined && tree.has(path)) ?? null
    const found = candidates.get(member.path) ?? []
    placed.set(member.path, { ...placementOf(found, { direct, rooted, own, tree }), own })
  }
  return placed
}

interface Places {
  direct: string
  rooted: string | undefined
  own: string | null
  tree: TreeIndex
}

function placementOf(found: readonly string[], places: Places): Pick<Placement, 'origin' | 'from'> {
  const { direct, rooted, own, tree } = places
  if (found.length === 0) return { origin: null, from: null }
  if (found.includes(direct)) return { origin: 'blob', from: direct }
  if (rooted !== undefined && found.includes(rooted)) return { origin: 'blob', from: rooted }
  for (const path of [direct, rooted]) {
    const led = path === undefined ? undefined : tree.resolve(path)
    if (led !== undefined && found.includes(led)) return { origin: 'link', from: led }
  }
  return { origin: 'moved', from: nearest(found, own ?? direct) }
}

/** Files of the tree with a member's bytes. */
function candidatesOf(member: TracedMember, { ids, tree }: PlacementRequest): readonly string[] {
  const id = ids.get(member.path)
  if (id === undefined) return []
  const link = member.kind === 'symlink'
  return tree.pathsOf(id).filter((path) => (tree.file(path)?.mode === '120000') === link)
}

/** Of several files with the same bytes the one whose path ends most alike. */
export function nearest(paths: readonly string[], place: string): string {
  return paths.reduce((best, path) => (likeness(path, place) > likeness(best, place) ? path : best))
}

function likeness(path: string, place: string): number {
  const parts = path.split('/').reverse()
  const other = place.split('/').reverse()
  let same = 0
  while (same < parts.length && parts[same] === other[same]) same += 1
  return same * 1000 - parts.length
}

/**
 * Where a member of a wheel lies in site-packages: `name-1.0.data/purelib/x` and `platlib` are installed as `x` (binary
 * distribution format, "The .data directory"), and `data` below the prefix, where a path may lead to the same place.
 */
export function installPath(inner: string): string {
  return inner.replace(schemes, '')
}

const schemes =
  /^[^/]+\.data\/(?:purelib|platlib|data\/(?:local\/)?(?:lib(?:64|32)?\/py(?:thon|py)[^/]*(?:\/(?:site|dist)-packages)?|lib\/site-packages))\//i

function topOf(inner: string): string {
  const cut = inner.indexOf('/')
  return cut < 0 ? '' : inner.slice(0, cut)
}

/** How the paths of a package become paths of the tree: `strip` goes from the front of the one, `root` comes before. */
interface Root {
  strip: string
  root: string
}

/** Tests that explain most of a package's tests do not make `tests/x.py` the place of its `x.py`. */
function joinRoot({ strip, root }: Root, inner: string): string | undefined {
  if (!inner.startsWith(strip) || !mayBeRoot({ strip, root }, inner)) return undefined
  return root + inner.slice(strip.length)
}

function packageRoots(
  members: readonly TracedMember[],
  candidates: ReadonlyMap<string, readonly string[]>,
  folder: string
): Map<string, Root> {
  const votes = new Map<string, Map<string, { root: Root; count: number }>>()
  for (const member of members) {
    const inner = installPath(member.inner)
    const top = topOf(inner)
    const paths = candidates.get(member.path) ?? []
    if (/\.(dist|egg)-info$/.test(top) || top.endsWith('.data')) continue
    const ballot = votes.get(top) ?? new Map<string, { root: Root; count: number }>()
    votes.set(top, ballot)
    // Small files of one content lie everywhere; they say nothing.
    if (paths.length > 3 || member.size === 0) continue
    for (const path of paths) {
      const root = rootOf(path, inner)
      if (root === undefined || !mayBeRoot(root, inner)) continue
      const key = JSON.stringify(root)
      const counted = ballot.get(key) ?? { root, count: 0 }
      ballot.set(key, { root, count: counted.count + (isCode(member) ? 10 : 1) })
    }
  }
  const chosen = new Map<string, Root>()
  for (const [top, ballot] of votes) {
    const direct = JSON.stringify({ strip: '', root: folder })
    const sorted = [...ballot].sort(
      ([key, one], [otherKey, other]) =>
        other.count - one.count || Number(otherKey === direct) - Number(key === direct)
    )
    const best = sorted[0]?.[1].root
    if (best !== undefined) chosen.set(top, best)
  }
  return chosen
}

/** The longest common end of both paths, by whole parts, tells how the one becomes the other. */
function rootOf(path: string, inner: string): Root | undefined {
  const from = path.split('/')
  const to = inner.split('/')
  let same = 0
  while (same < from.length && same < to.length && from.at(-1 - same) === to.at(-1 - same)) same += 1
  if (same === 0) return undefined
  // A package may be mapped to another name, but only as a whole: its first part alone may differ.
  if (to.length - same > 1) return undefined
  const prefix = (parts: string[]): string => parts.slice(0, parts.length - same).join('/')
  const withSlash = (text: string): string => (text === '' ? '' : `${text}/`)
  return { strip: withSlash(prefix(to)), root: withSlash(prefix(from)) }
}

function mayBeRoot({ root }: Root, inner: string): boolean {
  const reason = folderReason(`${root}x`)
  return reason === undefined || reason === folderReason(inner)
}
