import type { ObjectId } from '../documents/identifiers.ts'
import { TagproofError } from '../platform/errors.ts'
import { parseTree } from './objects.ts'
import type { Repository } from './repository.ts'
import { quotedName } from './tag-name.ts'
import { byPath, readTree, type ReadTree, type TreeEntry } from './tree.ts'

/** Files of another repository under a folder of the tree that builds see. */
export interface Graft {
  /** Name of the git input, and of the folder. */
  name: string
  commit: ObjectId
  /** Path in its own repository, `.` for the top. */
  path: string
  /** The tree of that path. */
  tree: ObjectId
}

/** Brings the objects of git inputs into a repository that was opened, and tells where they belong. */
export type Grafting = (repository: Repository) => Promise<Graft[]>

export const noGrafts: Grafting = () => Promise.resolve([])

/**
 * The tree of a tag with grafts. Index and tree objects stay those of the commit: git knows nothing of the grafts.
 *
 * @throws TagproofError `path-refused` where the tree has such a path already, and those of `readTree`
 */
export async function readGraftedTree(
  repository: Repository,
  tree: ObjectId,
  grafts: readonly Graft[]
): Promise<ReadTree> {
  const read = await readTree(repository, tree)
  if (grafts.length === 0) return read
  const entries: TreeEntry[] = [...read.entries]
  for (const graft of grafts) {
    const taken = read.entries.find(({ path }) => path === graft.name || path.startsWith(`${graft.name}/`))
    if (taken !== undefined) throw occupied(graft, taken)
    entries.push(...(await graftEntries(repository, graft)))
  }
  return { ...read, entries: entries.sort(byPath) }
}

/** Only the files and links. */
export async function listGraftedTree(
  repository: Repository,
  tree: ObjectId,
  grafts: readonly Graft[]
): Promise<TreeEntry[]> {
  return (await readGraftedTree(repository, tree, grafts)).entries
}

async function graftEntries(repository: Repository, { name, tree }: Graft): Promise<TreeEntry[]> {
  const { entries } = await readTree(repository, tree, { submodules: 'refuse' })
  return entries.map((entry) => ({ ...entry, path: `${name}/${entry.path}` }))
}

/**
 * The tree of a folder, and the trees on the way to it.
 *
 * @param path `.` for the tree itself
 * @throws TagproofError `input-missing` where there is no such folder
 */
export async function enterFolder(
  repository: Repository,
  tree: ObjectId,
  path: string
): Promise<{ tree: ObjectId; passed: ObjectId[] }> {
  const passed: ObjectId[] = []
  let at = tree
  for (const part of path === '.' ? [] : path.split('/')) {
    passed.push(at)
    const lines = parseTree(at, (await repository.readObject(at, 'tree')).data)
    const line = lines.find(({ name }) => name.toString('utf8') === part)
    if (line?.kind !== 'folder')
      throw new TagproofError('input-missing', `The git input has no folder ${quotedName(path)}.`, {
        found: line === undefined ? `no ${quotedName(part)}` : `a ${line.kind} ${quotedName(part)}`,
        fix: 'Correct `path` of the git input in .github/tagproof.yml.'
      })
    at = line.id
  }
  return { tree: at, passed }
}

function occupied({ name }: Graft, taken: TreeEntry): TagproofError {
  return new TagproofError('path-refused', `The tree has a ${quotedName(name)} of its own.`, {
    found: quotedName(taken.path),
    expected: `no such path: the git input ${name} is put there`,
    fix: 'Give the git input another name in .github/tagproof.yml.'
  })
}
