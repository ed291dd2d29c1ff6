import { objectId, type ObjectId } from '../documents/identifiers.ts'
import { TagproofError } from '../platform/errors.ts'
import { endOf, walk, withHistory } from './previous-release.ts'
import type { PrivateGit } from './private-git.ts'
import type { Repository } from './repository.ts'

/** A path whose content or mode differs between two commits. */
export interface ChangedPath {
  path: string
  /** As git's raw format has it: added, deleted, modified, of another type. */
  status: string
  mode: string
  /** The new object; all zeros for a path that is gone. */
  id: string
}

/** A commit, and the paths that it touches (for a merge: that differ from every parent). */
export interface TouchingCommit {
  id: ObjectId
  paths: string[]
}

export interface Changes {
  paths: ChangedPath[]
  /** Newest first. */
  commits: TouchingCommit[]
  /** The clone ends somewhere, so that commits may be missing. */
  shallow: boolean
}

const rawOptions = ['-r', '-z', '--raw', '--no-renames', '--no-abbrev', '--no-ext-diff', '--no-textconv']

/**
 * What differs between two commits, and which commits between them touched it.
 *
 * @throws TagproofError `object-missing` where the history cannot be walked
 */
export async function changesBetween(repository: Repository, from: ObjectId, to: ObjectId): Promise<Changes> {
  return withHistory(repository, async (git, shallow) => {
    const paths = parseRaw(await output(git, ['diff-tree', ...rawOptions, from, to])).paths
    const ids = await output(git, ['rev-list', '--topo-order', to, `^${from}`])
    const commits = await output(git, ['diff-tree', '--stdin', '--root', '-c', ...rawOptions], ids)
    return { paths, commits: parseRaw(commits).commits, shallow }
  })
}

/**
 * Git's raw format with `-z`: a name of a commit, or a token of colons, modes and names with a path after it. A path
 * is taken only after such a token, so that none can pass for a commit.
 */
export function parseRaw(text: string): { paths: ChangedPath[]; commits: TouchingCommit[] } {
  const tokens = text.split('\0')
  const paths: ChangedPath[] = []
  const commits: TouchingCommit[] = []
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? ''
    if (token.startsWith(':')) {
      at += 1
      const path = tokens[at] ?? ''
      const fields = token.replace(/^:+/, '').split(' ')
      const parents = /^:+/.exec(token)?.[0].length ?? 1
      const [mode = '', id = ''] = [fields[parents], fields[2 * parents + 1]]
      paths.push({ path, status: fields.at(-1) ?? '', mode, id })
      commits.at(-1)?.paths.push(path)
    } else if (token.trim() !== '') commits.push({ id: objectId(token.trim()), paths: [] })
  }
  return { paths, commits }
}

/** Author's name and first line of the message, as they stand in the commit. */
export async function authorAndSubject(
  repository: Repository,
  id: ObjectId
): Promise<{ author: string; subject: string }> {
  const text = (await repository.readObject(id, 'commit')).data.toString('utf8')
  const end = text.indexOf('\n\n')
  const author = /^author (.*?) ?<[^\n]*$/m.exec(text.slice(0, end < 0 ? text.length : end))?.[1] ?? ''
  const subject =
    end < 0
      ? ''
      : (text
          .slice(end + 2)
          .trimStart()
          .split('\n')[0] ?? '')
  return { author, subject }
}

async function output(git: PrivateGit, args: readonly string[], stdin?: string): Promise<string> {
  const result = await walk(git, args, stdin === undefined ? {} : { stdin: Buffer.from(stdin) })
  if (result.code === 0) return result.stdout.toString('utf8')
  throw new TagproofError('object-missing', 'What changed since the last release cannot be read.', {
    found: endOf(result),
    fix: 'Fetch the whole history (git fetch --unshallow; with actions/checkout: fetch-depth: 0).'
  })
}
