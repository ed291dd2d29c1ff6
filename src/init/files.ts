import { lstat, readFile } from 'node:fs/promises'
import path from 'node:path'
import { unifiedDiff } from '../evidence/unified-diff.ts'
import { TagproofError } from '../platform/errors.ts'
import { writeFileAtomic } from '../platform/files.ts'

/** A file of the work tree as it is to be. */
export interface ProposedFile {
  /** In the work tree, with slashes. */
  path: string
  text: string
}

export interface ComparedFile extends ProposedFile {
  /** Null where there is none yet. */
  before: string | null
  /** Empty where the file is there as it is to be. */
  diff: string
}

export interface WrittenFile {
  path: string
  state: 'new' | 'unchanged' | 'overwritten' | 'kept'
}

/**
 * What of the work tree would change.
 *
 * @throws TagproofError `path-refused` where a link or something else stands in the place of a folder or file
 */
export function compareFiles(worktree: string, files: readonly ProposedFile[]): Promise<ComparedFile[]> {
  return Promise.all(
    files.map(async (file) => {
      const before = await readInside(worktree, file.path)
      return { ...file, before, diff: unifiedDiff(file.path, before ?? '', file.text) }
    })
  )
}

/**
 * Writes what is new; of what differs, only what `consent` agrees to. All is asked before the first is written.
 *
 * @throws what `consent` throws; then nothing was written
 */
export async function writeFiles(
  worktree: string,
  files: readonly ComparedFile[],
  consent: (file: ComparedFile) => Promise<boolean>
): Promise<WrittenFile[]> {
  const results: WrittenFile[] = []
  for (const file of files) {
    const state =
      file.before === null
        ? 'new'
        : file.diff === ''
          ? 'unchanged'
          : (await consent(file))
            ? 'overwritten'
            : 'kept'
    results.push({ path: file.path, state })
  }
  for (const [index, { text, path: name }] of files.entries())
    if (results[index]?.state === 'new' || results[index]?.state === 'overwritten')
      await writeFileAtomic(path.join(worktree, name), text)
  return results
}

/** A file of the work tree, reached through no link; null where there is none. */
export async function readInside(worktree: string, name: string): Promise<string | null> {
  const parts = name.split('/')
  for (let count = 1; count <= parts.length; count += 1) {
    const place = path.join(worktree, ...parts.slice(0, count))
    const status = await lstat(place).catch(() => null)
    if (status === null) return null
    const last = count === parts.length
    if (last ? !status.isFile() : !status.isDirectory())
      throw new TagproofError('path-refused', `${place} is not ${last ? 'a file' : 'a folder'}.`, {
        found: status.isSymbolicLink() ? 'a symbolic link' : 'something else',
        fix: 'What is written there could land elsewhere. Remove it, or put a real one in its place.'
      })
  }
  return readFile(path.join(worktree, name), 'utf8')
}
