import type { ObjectId } from '../documents/identifiers.ts'
import { TagproofError } from '../platform/errors.ts'
import { parseTree, type TreeLine } from './objects.ts'
import type { Repository } from './repository.ts'
import { refuseLfsPointers } from './lfs.ts'
import { enterSubmodule, readSubmoduleNames, type SubmoduleSource } from './submodules.ts'
import { quotedName } from './tag-name.ts'
import { treePath } from './tree-paths.ts'

/** A file or link of the tagged tree. */
export interface TreeEntry {
  path: string
  mode: '100644' | '100755' | '120000'
  id: ObjectId
  size: number
}

/** A line of the commit's own index: files, links, and submodules as git sees them. */
export interface IndexLine {
  path: string
  mode: TreeEntry['mode'] | '160000'
  id: ObjectId
}

export interface ReadTree {
  /** Every file to export, those of submodules included, sorted by path (bytes). */
  entries: TreeEntry[]
  /** What git's own index of the commit holds, sorted the same way. */
  index: IndexLine[]
  /** The tree objects of the commit, without those of submodules. */
  trees: { id: ObjectId; data: Buffer }[]
}

/** More paths than this are no project but a trap (trees that repeat each other multiply without cost). */
const mostPaths = 500_000

/**
 * Every file and link of a tree, with sizes. Submodules are entered at their recorded commit.
 *
 * @throws TagproofError `path-refused`, `lfs-pointer`, `submodule-refused`, `object-missing`, `object-corrupt`
 */
export async function listTree(repository: Repository, tree: ObjectId): Promise<TreeEntry[]> {
  return (await readTree(repository, tree)).entries
}

/**
 * As {@link listTree}, with what the thin git folder is made of.
 *
 * @param options `refuse`: submodules are entered nowhere
 */
export async function readTree(
  repository: Repository,
  tree: ObjectId,
  options: { submodules?: 'refuse' } = {}
): Promise<ReadTree> {
  const walk: Walk = { repository, files: [], trees: new Map(), parsed: new Map(), index: [], visited: 0 }
  const submodules =
    options.submodules === 'refuse'
      ? null
      : { directories: [repository.places.commonDirectory], names: undefined, tree, root: '' }
  await walkTree(walk, tree, '', true, submodules)
  const entries = await withSizes(repository, walk.files.sort(byPath))
  await refuseLfsPointers(repository, entries)
  return {
    entries,
    index: walk.index.sort(byPath),
    trees: [...walk.trees].map(([id, data]) => ({ id, data }))
  }
}

/** Order of git's index: the bytes of the whole path. */
export function byPath(a: { path: string }, b: { path: string }): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))
}

interface Walk {
  repository: Repository
  files: Omit<TreeEntry, 'size'>[]
  index: IndexLine[]
  trees: Map<ObjectId, Buffer>
  parsed: Map<ObjectId, TreeLine[]>
  visited: number
}

const fileModes = { file: '100644', executable: '100755', link: '120000' } as const

async function walkTree(
  walk: Walk,
  tree: ObjectId,
  folder: string,
  own: boolean,
  submodules: SubmoduleSource | null
): Promise<void> {
  const seen = new Set<string>()
  for (const line of await treeLines(walk, tree, folder, own)) {
    const path = treePath(folder, line.name)
    if (seen.has(path))
      throw new TagproofError('path-refused', `The tree holds ${quotedName(path)} twice.`, {
        fix: 'Run git fsck. Make the release from a commit that git itself made.'
      })
    seen.add(path)
    if (line.kind === 'folder') await walkTree(walk, line.id, path, own, submodules)
    else if (line.kind === 'submodule') {
      if (submodules === null) throw foreignSubmodule(path)
      if (own) walk.index.push({ path, mode: '160000', id: line.id })
      submodules.names ??= await readSubmoduleNames(walk.repository, submodules.tree)
      const inside = await enterSubmodule(walk.repository, submodules, path, line.id)
      await walkTree(walk, inside.tree, path, false, inside)
    } else {
      const file = { path, mode: fileModes[line.kind], id: line.id }
      walk.files.push(file)
      if (own) walk.index.push(file)
    }
    walk.visited += 1
    if (walk.visited > mostPaths)
      throw new TagproofError('repository-invalid', `The tree holds more than ${mostPaths} paths.`)
  }
}

/** A locked commit of another repository fixes no commit of a third one that anybody has looked at. */
function foreignSubmodule(path: string): TagproofError {
  return new TagproofError('submodule-refused', `A git input has a submodule: ${quotedName(path)}.`, {
    expected: 'files of its own',
    fix: 'Take a folder without it (`path` of the git input), and list the repository of the submodule under `git:`.'
  })
}

/** The lines of a tree; one that is met again is not read again, unless the commit's own trees lack it. */
async function treeLines(walk: Walk, tree: ObjectId, folder: string, own: boolean): Promise<TreeLine[]> {
  const known = walk.parsed.get(tree)
  if (known !== undefined && (!own || walk.trees.has(tree))) return known
  const [header] = await walk.repository.headers([tree])
  if (header === undefined)
    throw await walk.repository.missing(
      tree,
      folder === '' ? 'The tree of the commit' : `The folder ${quotedName(folder)}`
    )
  const { data } = await walk.repository.readObject(tree, 'tree')
  if (own) walk.trees.set(tree, data)
  const lines = parseTree(tree, data)
  walk.parsed.set(tree, lines)
  return lines
}

async function withSizes(
  repository: Repository,
  files: readonly Omit<TreeEntry, 'size'>[]
): Promise<TreeEntry[]> {
  const headers = await repository.headers(files.map((file) => file.id))
  const entries: TreeEntry[] = []
  for (const [at, file] of files.entries()) {
    const header = headers[at]
    if (header === undefined) throw await repository.missing(file.id, `The file ${quotedName(file.path)}`)
    if (header.type !== 'blob')
      throw new TagproofError('object-corrupt', `The file ${quotedName(file.path)} is no file.`, {
        found: `a ${header.type}`,
        expected: 'a blob',
        fix: 'Run git fsck. Make the release from a commit that git itself made.'
      })
    entries.push({ ...file, size: header.size })
  }
  return entries
}
