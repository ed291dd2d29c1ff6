import { configPath, lockPath } from '../documents/layout.ts'
import type { DestinationSettings } from '../documents/destination-settings.ts'
import { TagproofError } from '../platform/errors.ts'
import type { Repository } from '../source/repository.ts'
import { readFileOf } from '../source/tree-text.ts'
import type { TreeEntry } from '../source/tree.ts'

/** Files of the tagged tree that destinations name or need, by path: public keys, the text of a release, the lock. */
export type FilesOfTag = ReadonlyMap<string, Buffer>

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
