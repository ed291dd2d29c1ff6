import type { Epoch } from '../documents/identifiers.ts'
import type { TarHeaderFields } from '../formats/tar/writer.ts'
import { TagproofError } from '../platform/errors.ts'
import { quotedName } from './tag-name.ts'
import type { TarFile } from './tar-file.ts'
import type { GitFile } from './thin-git.ts'
import type { TreeEntry } from './tree.ts'

/** Top folder of the exports. */
export const exportPrefix = 'tree'

/** What an export holds under a path: a file or link of the tree, or a file of the thin git folder. */
export type Leaf = { kind: 'tree'; entry: TreeEntry } | { kind: 'git'; file: GitFile }

/** Where a leaf of the tree lies in world a's export, and what became of it. */
export interface Exported {
  entry: TreeEntry
  /** Where its content begins. */
  offset: number
  linkTarget: string | null
  scrambled: boolean
}

const longestLinkTarget = 4095

export async function addFolder(tar: TarFile, path: string, epoch: Epoch): Promise<void> {
  const full = path === '' ? exportPrefix : `${exportPrefix}/${path}`
  await tar.add({ path: full, kind: 'directory', mode: 0o755, size: 0, mtime: epoch })
}

export async function addGitFile(tar: TarFile, file: GitFile, epoch: Epoch): Promise<void> {
  const path = `${exportPrefix}/.git/${file.path}`
  await tar.add({ path, kind: 'file', mode: 0o644, size: file.content.length, mtime: epoch }, [file.content])
}

/** The header of a file or link of the tree: git knows two modes and no times. */
export function headerOf(entry: TreeEntry, epoch: Epoch, linkTarget: string | null): TarHeaderFields {
  const path = `${exportPrefix}/${entry.path}`
  if (linkTarget !== null) return { path, kind: 'symlink', mode: 0o777, size: 0, mtime: epoch, linkTarget }
  const mode = entry.mode === '100755' ? 0o755 : 0o644
  return { path, kind: 'file', mode, size: entry.size, mtime: epoch }
}

/**
 * A link is kept as the text it is, wherever it leads: nothing of ours ever follows it.
 *
 * @throws TagproofError `path-refused` for a text that no link can have
 */
export function linkTargetOf(entry: TreeEntry, bytes: Buffer): string {
  const text = bytes.toString('utf8')
  const usable = bytes.length > 0 && bytes.length <= longestLinkTarget && !bytes.includes(0)
  if (usable && Buffer.from(text, 'utf8').equals(bytes)) return text
  throw new TagproofError('path-refused', `The link ${quotedName(entry.path)} has no usable target.`, {
    found: `${bytes.length} bytes: ${quotedName(text.slice(0, 80))}`,
    expected: `1 to ${longestLinkTarget} bytes of UTF-8 without NUL`,
    fix: 'Make the link again in the repository, and tag that commit.'
  })
}
