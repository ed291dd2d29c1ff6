import type { ObjectId } from '../../documents/identifiers.ts'
import { folderReason } from '../../source/opaque.ts'
import { isCode } from './code.ts'
import type { TracedMember } from './generator.ts'
import { nearest, type Placement } from './placement.ts'
import type { TreeIndex } from './tree.ts'

/** How paths of the installed system become paths of the tree: `usr/share/herald/` is `share/`. */
interface Mapping {
  to: string
  from: string
}

interface Request {
  /** Members with their paths in the installed system. */
  members: readonly { member: TracedMember; path: string }[]
  ids: ReadonlyMap<string, ObjectId>
  tree: TreeIndex
  folder: string
}

/** No package maps more folders; each is tried for each member that is no blob. */
const mostMappings = 500

/**
 * Places in the tree for files that are no modules: a folder of the installed system comes from a folder of the tree,
 * and the mapping that explains most files is taken, so that one file from elsewhere stands out, and one that was
 * changed is known by its place. Folders of tests, documents and examples are never taken for the origin of others.
 */
export function placeInstalled(request: Request): Map<string, Placement> {
  const { members, ids, tree } = request
  const candidates = new Map(
    members.map(({ member }) => [member.path, candidatesOf(member, ids.get(member.path), tree)])
  )
  const mappings = votes(request, candidates)
  const placed = new Map<string, Placement>()
  for (const { member, path } of members) {
    const found = candidates.get(member.path) ?? []
    placed.set(member.path, placementOf(found, path, mappings, tree))
  }
  return placed
}

function candidatesOf(member: TracedMember, id: ObjectId | undefined, tree: TreeIndex): readonly string[] {
  if (id === undefined) return []
  const link = member.kind === 'symlink'
  return tree.pathsOf(id).filter((path) => (tree.file(path)?.mode === '120000') === link)
}

function placementOf(
  found: readonly string[],
  path: string,
  mappings: readonly Mapping[],
  tree: TreeIndex
): Placement {
  let own: string | null = null
  for (const { to, from } of mappings) {
    if (!path.startsWith(to)) continue
    const place = from + path.slice(to.length)
    if (!mayComeFrom(place, path)) continue
    if (found.includes(place)) return { origin: 'blob', from: place, own: place }
    const led = tree.resolve(place)
    if (led !== undefined && found.includes(led)) return { origin: 'link', from: led, own: place }
    if (tree.has(place)) own ??= place
  }
  if (found.length === 0) return { origin: null, from: null, own }
  return { origin: 'moved', from: nearest(found, own ?? path), own }
}

function votes({ members, folder }: Request, candidates: ReadonlyMap<string, readonly string[]>): Mapping[] {
  const counted = new Map<string, { mapping: Mapping; count: number }>()
  for (const { member, path } of members) {
    const paths = candidates.get(member.path) ?? []
    // Small files of one content lie everywhere; they say nothing.
    if (paths.length > 3 || member.size === 0) continue
    for (const place of paths) {
      const mapping = mappingOf(path, place)
      if (mapping === undefined || !mayComeFrom(place, path)) continue
      const key = JSON.stringify(mapping)
      const known = counted.get(key) ?? { mapping, count: 0 }
      const near = place.startsWith(folder) ? 1 : 0
      counted.set(key, { mapping, count: known.count + (isCode(member) ? 10 : 1) + near })
    }
  }
  return [...counted.values()]
    .sort((one, other) => other.count - one.count)
    .slice(0, mostMappings)
    .map(({ mapping }) => mapping)
}

/** Without the longest common end by whole parts; a file under another name maps nothing. */
function mappingOf(installed: string, place: string): Mapping | undefined {
  const to = installed.split('/')
  const from = place.split('/')
  let same = 0
  while (same < from.length && same < to.length && from.at(-1 - same) === to.at(-1 - same)) same += 1
  if (same === 0) return undefined
  const prefix = (parts: string[]): string => {
    const kept = parts.slice(0, parts.length - same)
    return kept.length === 0 ? '' : `${kept.join('/')}/`
  }
  return { to: prefix(to), from: prefix(from) }
}

function mayComeFrom(place: string, installed: string): boolean {
  const reason = folderReason(place)
  // Documentation is documentation wherever a package keeps it.
  return reason === undefined || reason === folderReason(installed) || isDocumentation(installed)
}

/** Where the system keeps what is read and never run (Filesystem Hierarchy Standard, /usr/share). */
export function isDocumentation(installed: string): boolean {
  return /^usr\/(local\/)?share\/(doc|doc-base|man|info|lintian)\//.test(installed)
}
