import path from 'node:path'
import { wantedRef, type GitInputConfig, type GitLock } from '../../documents/git-inputs.ts'
import type { ObjectId } from '../../documents/identifiers.ts'
import { TagproofError } from '../../platform/errors.ts'
import { withTemporaryFolder } from '../../platform/files.ts'
import type { Log } from '../../platform/log.ts'
import { openStore } from '../store.ts'
import { gitSource, type GitSource, type GitSourceOptions } from './git-source.ts'
import { writeObjectArchive } from './object-archive.ts'

export interface LockGitOptions extends GitSourceOptions {
  /** What the committed lock has; undefined to take what the ref names now. */
  previous: GitLock | undefined
  /** Folder of files by SHA-256, which keeps the archive. */
  store: string
  log: Log
}

/**
 * Resolves a git input. What the committed lock has for the same address, ref and folder stays; if its tag names another
 * commit by now, that is said aloud, for tags do not move by themselves.
 *
 * @throws TagproofError `lock-unresolvable` where there is no such ref; those of {@link GitSource} and of reading trees
 */
export async function lockGitInput(input: GitInputConfig, options: LockGitOptions): Promise<GitLock> {
  const { previous, log } = options
  const ref = wantedRef(input)
  const source = gitSource(input.url, options)
  if (previous?.url === input.url && previous.ref === ref && previous.path === input.path) {
    if (input.tag !== undefined) await tellMoved(source, input, previous, log)
    return previous
  }
  const commit = input.commit ?? (await resolved(source, input, ref))
  return withTemporaryFolder('tagproof-lock-git', async (folder) => {
    const file = path.join(folder, 'archive.tar')
    const written = await source.withCommit(commit, (opened) =>
      writeObjectArchive(opened, commit, input.path, file)
    )
    await (await openStore(options.store)).adopt(file, written)
    const { tree, files, size, sha256 } = written
    return { url: input.url, ref, path: input.path, commit, tree, files, size, sha256 }
  })
}

async function resolved(source: GitSource, { name, url }: GitInputConfig, ref: string): Promise<ObjectId> {
  const commit = await source.ask(ref)
  if (commit !== null) return commit
  throw new TagproofError('lock-unresolvable', `The repository of the git input ${name} has no such ref.`, {
    where: url,
    found: `no ${ref}`,
    fix: 'Correct `tag` or `branch` of the input in .github/tagproof.yml.'
  })
}

async function tellMoved(
  source: GitSource,
  { name, tag = '' }: GitInputConfig,
  previous: GitLock,
  log: Log
): Promise<void> {
  const now = await source.ask(previous.ref).catch((error: unknown) => {
    if (error instanceof TagproofError && error.code !== 'cancelled') return undefined
    throw error
  })
  if (now === undefined)
    log.warn(`The repository of the git input ${name} does not answer; it stays as it is locked.`)
  else if (now !== previous.commit)
    log.warn(
      `The tag ${tag} of the git input ${name} names ${now ?? 'nothing'} now, and ${previous.commit} when it was locked: it was moved. The locked commit stays; --upgrade takes the new one.`
    )
}
