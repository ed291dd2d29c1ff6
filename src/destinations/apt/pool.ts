import path from 'node:path'
import { TagproofError } from '../../platform/errors.ts'
import type { Store } from '../stores/store.ts'
import type { PackageEntry } from './packages.ts'

/**
 * Looks whether the pool has these files with these bytes: somebody else may have written since the state was asked for.
 *
 * @throws TagproofError `destination-different`
 */
export async function requirePool(store: Store, entries: readonly PackageEntry[]): Promise<void> {
  for (const { filename, sha256 } of entries) {
    const found = (await store.hash(filename))?.sha256
    if (found === sha256) continue
    throw new TagproofError(
      'destination-different',
      `${path.posix.basename(filename)} is not in the pool as it was sent.`,
      {
        where: filename,
        found: found ?? 'no file',
        expected: sha256,
        fix: 'What was given out once must not change: release a new version. First find out what else writes to the pool.'
      }
    )
  }
}
