import { readFile } from 'node:fs/promises'
import { pathText } from '../documents/config-mistakes.ts'
import { destinationMistakes } from '../documents/destination-mistakes.ts'
import { configPath, lockPath } from '../documents/layout.ts'
import type { Config } from '../documents/config.ts'
import { readConfig } from '../documents/config-reading.ts'
import type { TagRef } from '../documents/fields.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import type { Lock } from '../documents/lock.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { parseLock } from '../lock/lock-file.ts'
import { TagproofError, type ErrorDetail } from '../platform/errors.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { openRepository, type Repository } from '../source/repository.ts'
import { resolveHead, resolveTag } from '../source/tag.ts'
import { readFileOf, readTextOf } from '../source/tree-text.ts'
import { listTree, type TreeEntry } from '../source/tree.ts'
import { discoverTargets } from '../targets/discover.ts'
import type { StageContext } from './context.ts'

export interface SourceOptions {
  /** Default: the tag at HEAD. */
  tag?: string
  /** A config from outside the tree, for trying things. */
  config?: string
  /** A lock from outside the tree. */
  lock?: string
  /** Names or kinds of targets; default all. */
  targets?: readonly string[]
}

/** A text of the user's: where it came from decides how far it is trusted. */
export interface UserText<T> {
  from: 'tag' | 'outside' | 'default'
  sha256: Sha256 | null
  value: T
}

/** A tree to release or to lock, and what it says about itself. */
export interface Source {
  repository: Repository
  tag: TagRef
  entries: TreeEntry[]
  config: UserText<Config>
  /** Null where the tree holds no lock. */
  lock: UserText<Lock> | null
  targets: PlanTarget[]
  /** Found in the tree, and not asked for. */
  skipped: PlanTarget[]
}

/** Opens the tagged tree of a release. The caller closes `repository`. */
export function openRelease(context: StageContext, options: SourceOptions): Promise<Source> {
  return open(context, options, (repository) => resolveTag(repository, options.tag))
}

/** Opens the tree to lock or to rehearse: that of a tag, or of HEAD, which need not have one yet. */
export function openHead(context: StageContext, options: SourceOptions): Promise<Source> {
  return open(context, options, (repository) =>
    options.tag === undefined ? resolveHead(repository) : resolveTag(repository, options.tag)
  )
}

/**
 * What looks at HEAD needs a commit there.
 *
 * @throws TagproofError `usage`
 */
export async function requireCommit(repository: Repository): Promise<void> {
  if ((await repository.head()) !== null) return
  throw new TagproofError('usage', 'HEAD names no commit.', {
    fix: 'Commit the project, or check out a branch: a release is made of a commit, and of nothing else.'
  })
}

/** Reads everything that a release starts from, out of git objects alone. */
async function open(
  context: StageContext,
  options: SourceOptions,
  resolve: (repository: Repository) => Promise<TagRef>
): Promise<Source> {
  const repository = await openRepository(context.repository)
  try {
    const tag = await resolve(repository)
    const entries = await listTree(repository, tag.tree)
    const config = await readUserConfig(repository, entries, options.config)
    const lock = await userText<Lock | null>(
      repository,
      entries,
      lockPath,
      options.lock,
      parseLock,
      () => null
    )
    const { targets, notBuilt } = discoverTargets(
      {
        paths: entries.map((entry) => entry.path),
        pyproject: await readTextOf(repository, entries, 'pyproject.toml')
      },
      config.value,
      options.targets ?? []
    )
    requireDestinations(config, [...targets, ...notBuilt])
    return {
      repository,
      tag,
      entries,
      config,
      lock: lock.value === null ? null : { ...lock, value: lock.value },
      targets,
      skipped: notBuilt
    }
  } catch (error) {
    await repository.close()
    throw error
  }
}

/** Where the configuration lists no targets, the tree has to tell which there are. */
function requireDestinations({ value }: UserText<Config>, targets: readonly PlanTarget[]): void {
  const [mistake] = destinationMistakes(value.destinations, targets)
  if (mistake === undefined) return
  const { message, path, found, expected, fix } = mistake
  const where = `${configPath}: ${pathText(path)}`
  throw new TagproofError('config-invalid', message, { where, found, expected, fix } as ErrorDetail)
}

/** The configuration of a tree, or one from outside of it. */
export function readUserConfig(
  repository: Repository,
  entries: readonly TreeEntry[],
  outside?: string
): Promise<UserText<Config>> {
  return userText(repository, entries, configPath, outside, readConfig, () => readConfig('', configPath))
}

async function userText<T>(
  repository: Repository,
  entries: readonly TreeEntry[],
  treePath: string,
  outside: string | undefined,
  parse: (text: string, name: string) => T,
  absent: () => T
): Promise<UserText<T>> {
  if (outside !== undefined) {
    const bytes = await readFile(outside).catch((error: unknown) => {
      throw new TagproofError('usage', `The file ${outside} cannot be read.`, {
        fix: 'Name an existing file, or leave the option out to use the one of the tagged tree.',
        cause: error
      })
    })
    return { from: 'outside', sha256: sha256OfBytes(bytes), value: parse(bytes.toString('utf8'), outside) }
  }
  const data = await readFileOf(repository, entries, treePath)
  if (data === null) return { from: 'default', sha256: null, value: absent() }
  return { from: 'tag', sha256: sha256OfBytes(data), value: parse(data.toString('utf8'), treePath) }
}
