import { configPath, lockPath } from '../documents/layout.ts'
import { destinationSettings, type DestinationSettings } from '../documents/destination-settings.ts'
import { TagproofError } from '../platform/errors.ts'
import type { Repository } from '../source/repository.ts'
import { readFileOf } from '../source/tree-text.ts'
import { listTree, type TreeEntry } from '../source/tree.ts'
import type { ObjectId } from '../documents/identifiers.ts'
import { readUserConfig } from './source.ts'

/** Files of the tagged tree that destinations name or need, by path: public keys, the text of a release, the lock. */
export type FilesOfTag = ReadonlyMap<string, Buffer>

/**
 * The destinations of a tagged tree, out of the tree itself: no document that another job has written can send packages
 * elsewhere.
 *
 * @throws TagproofError `config-invalid`
 */
export async function destinationsOfTree(
  repository: Repository,
  tree: ObjectId
): Promise<{ settings: DestinationSettings[]; files: FilesOfTag }> {
  const entries = await listTree(repository, tree)
  const { value } = await readUserConfig(repository, entries)
  const settings = value.destinations.map(destinationSettings)
  return { settings, files: await filesOfDestinations(repository, entries, settings) }
}

/**
 * Reads what destinations name, out of git objects.
 *
 * @throws TagproofError `config-invalid` for a file that the tree does not have
 */
export async function filesOfDestinations(
  repository: Repository,
  entries: readonly TreeEntry[],
  settings: readonly DestinationSettings[]
): Promise<FilesOfTag> {
  const files = new Map<string, Buffer>()
  // Where base images lie: a registry that has them need not be sent their layers.
  const lock = settings.some(({ kind }) => kind === 'registry')
    ? await readFileOf(repository, entries, lockPath)
    : null
  if (lock !== null) files.set(lockPath, lock)
  for (const destination of settings) {
    const path = namedBy(destination)
    if (path === null || files.has(path)) continue
    const content = await readFileOf(repository, entries, path)
    if (content === null)
      throw new TagproofError(
        'config-invalid',
        `The destination ${destination.name} names a file that there is not.`,
        {
          where: configPath,
          found: path,
          expected: 'a file of the tagged tree',
          fix: 'Correct the path, or commit the file.'
        }
      )
    files.set(path, content)
  }
  return files
}

function namedBy(destination: DestinationSettings): string | null {
  switch (destination.kind) {
    case 'apt':
    case 'files':
      return destination.key
    case 'github':
      return destination.notes
    case 'pypi':
    case 'directory':
    case 'registry':
      return null
  }
}
