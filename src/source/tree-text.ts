import type { Repository } from './repository.ts'
import type { TreeEntry } from './tree.ts'

/** Content of a file of a tree, or null where there is none (a link is none). */
export async function readFileOf(
  repository: Repository,
  entries: readonly TreeEntry[],
  path: string
): Promise<Buffer | null> {
  const entry = entries.find((candidate) => candidate.path === path && candidate.mode !== '120000')
  return entry === undefined ? null : (await repository.readObject(entry.id, 'blob')).data
}

/** The same as text. */
export async function readTextOf(
  repository: Repository,
  entries: readonly TreeEntry[],
  path: string
): Promise<string | null> {
  return (await readFileOf(repository, entries, path))?.toString('utf8') ?? null
}
