import path from 'node:path'
import type { ObjectId } from '../../documents/identifiers.ts'
import { TagproofError } from '../../platform/errors.ts'
import { withTemporaryFolder } from '../../platform/files.ts'
import { parseTag } from '../../source/objects.ts'
import { openRepository, type Repository } from '../../source/repository.ts'
import { gitAddress } from './git-address.ts'
import { askRef, fetchCommit, type GitServer } from './git-server.ts'

/** The repository of a git input, wherever it is. */
export interface GitSource {
  /** What a ref names now, tags peeled; null where there is no such ref. @throws TagproofError `network` */
  ask(ref: string): Promise<ObjectId | null>
  /**
   * Opens a repository that has the commit, its trees and files.
   * @throws TagproofError `input-missing`, `object-corrupt`, `network`
   */
  withCommit<T>(commit: ObjectId, use: (repository: Repository) => Promise<T>): Promise<T>
}

export interface GitSourceOptions {
  /** `sources.git` of the configuration. */
  mirrors?: Readonly<Record<string, string>>
  environment?: Readonly<Record<string, string | undefined>>
  signal?: AbortSignal
}

/** @throws TagproofError `config-invalid` for an address that is not asked */
export function gitSource(url: string, options: GitSourceOptions = {}): GitSource {
  const address = gitAddress(url, options.mirrors)
  if (address.kind === 'folder') return folderSource(address.folder)
  const { environment = process.env, signal } = options
  const server: GitServer = { address, environment, ...(signal === undefined ? {} : { signal }) }
  return {
    ask: (ref) => askRef(server, ref),
    withCommit: (commit, use) =>
      withTemporaryFolder('tagproof-git-input', async (temporary) => {
        const folder = path.join(temporary, 'fetched.git')
        await fetchCommit(server, commit, folder)
        return withRepository(folder, use)
      })
  }
}

/** A folder is read as the repository of a release is: no program of its own runs, and nothing is copied. */
function folderSource(folder: string): GitSource {
  return {
    ask: (ref) =>
      withRepository(folder, async (repository) => {
        const found = (await repository.references(ref)).find(({ name }) => name === ref)
        return found === undefined ? null : peeled(repository, found.object)
      }),
    withCommit: (commit, use) =>
      withRepository(folder, async (repository) => {
        const [header] = await repository.headers([commit])
        if (header?.type === 'commit') return use(repository)
        throw new TagproofError('input-missing', 'The repository of a git input does not have the commit.', {
          where: folder,
          found: header === undefined ? `no object ${commit}` : `a ${header.type} ${commit}`,
          expected: 'the commit that the lock names',
          fix: 'Fetch it there, or take it from another place (sources.git, sources.store).'
        })
      })
  }
}

const mostTags = 5

async function peeled(repository: Repository, id: ObjectId): Promise<ObjectId> {
  let at = id
  for (let depth = 0; depth < mostTags; depth += 1) {
    const { type, data } = await repository.readObject(at)
    if (type !== 'tag') return at
    at = parseTag(at, data).object
  }
  return at
}

async function withRepository<T>(folder: string, use: (repository: Repository) => Promise<T>): Promise<T> {
  const repository = await openRepository(folder)
  try {
    return await use(repository)
  } finally {
    await repository.close()
  }
}
