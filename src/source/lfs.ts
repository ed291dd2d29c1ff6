import { TagproofError } from '../platform/errors.ts'
import type { Repository } from './repository.ts'
import { quotedName } from './tag-name.ts'
import type { TreeEntry } from './tree.ts'
import { whole } from '../platform/pieces.ts'

/** The specification of git-lfs allows no larger pointer; the smallest has a version, an oid and a size. */
const largestPointer = 1024
const smallestPointer = 100
const pointerForm =
  /^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\/v1\n(.+\n)*?oid sha256:[0-9a-f]{64}\nsize \d+\n$/

/**
 * A pointer of git-lfs is text that stands for a file that git does not hold: it is not in the tagged tree, and
 * so cannot be proven to come from it.
 *
 * @throws TagproofError `lfs-pointer` naming the files
 */
export async function refuseLfsPointers(
  repository: Repository,
  entries: readonly TreeEntry[]
): Promise<void> {
  const small = entries.filter(
    (entry) => entry.mode !== '120000' && entry.size >= smallestPointer && entry.size <= largestPointer
  )
  const found: string[] = []
  let at = 0
  for await (const blob of repository.blobs(small.map((entry) => entry.id))) {
    if (isLfsPointer(await whole(blob.content))) found.push(small[at]?.path ?? '')
    at += 1
  }
  if (found.length === 0) return
  const named = found.slice(0, 5).map(quotedName).join(', ')
  throw new TagproofError('lfs-pointer', `Files of the tree are kept outside of git, by git-lfs: ${named}.`, {
    found: `${found.length} pointers`,
    expected: 'the files themselves as git objects',
    fix: 'Take them out of LFS (git lfs migrate export --include=PATH), or out of the repository.'
  })
}

/** Whether the bytes are a whole pointer file of git-lfs, and nothing more. */
export function isLfsPointer(bytes: Buffer): boolean {
  return bytes.length <= largestPointer && pointerForm.test(bytes.toString('latin1'))
}
