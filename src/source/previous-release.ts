import { gt, lt } from '@renovatebot/pep440'
import { lstat, copyFile } from 'node:fs/promises'
import path from 'node:path'
import type { TagRef } from '../documents/fields.ts'
import { TagproofError } from '../platform/errors.ts'
import { lastLines, run, type RunResult } from '../platform/process.ts'
import { makePrivateGit, type PrivateGit } from './private-git.ts'
import type { Repository } from './repository.ts'
import { quotedName } from './tag-name.ts'
import { resolveTag } from './tag.ts'
import { versionOfTag } from './version.ts'

/** The last release, or why none is known. */
export type PreviousRelease = { tag: TagRef; version: string } | { none: string }

/** History is only walked, so a commit graph that somebody else wrote has no say. */
const walkOptions = ['-c', 'core.commitGraph=false']
const walkSeconds = 300

/**
 * The release before this one: of the tags that are ancestors of the commit and spell their version in the same way,
 * the one with the highest version (PEP 440) that is lower than this one's.
 *
 * @param version of this release; null for an untagged commit, before which any version will do
 */
export async function previousRelease(
  repository: Repository,
  tag: TagRef,
  version: string | null
): Promise<PreviousRelease> {
  return withHistory(repository, async (git, shallow) => {
    const listed = await walk(git, [
      'for-each-ref',
      `--merged=${tag.commit}`,
      '--format=%(refname)',
      'refs/tags'
    ])
    if (listed.code !== 0)
      return { none: `the history of ${quotedName(tag.name)} cannot be walked: ${endOf(listed)}` }
    const names = listed.stdout
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.slice('refs/tags/'.length))
    const [best] = candidates(names, tag.name, version)
    if (best === undefined)
      return {
        none: shallow
          ? 'this clone is shallow, so earlier tags are not in it (fetch the whole history: fetch-depth 0)'
          : 'no tag of a lower version is an ancestor of this commit'
      }
    try {
      return { tag: await resolveTag(repository, best.name), version: best.version }
    } catch (error) {
      if (!(error instanceof TagproofError) || error.code === 'cancelled') throw error
      return { none: `the tag ${quotedName(best.name)} cannot be used: ${error.message}`.slice(0, 500) }
    }
  })
}

/** Tags with a lower version, the highest first. Pure. */
export function candidates(
  names: readonly string[],
  current: string,
  version: string | null
): { name: string; version: string }[] {
  const found = names.flatMap((name) => {
    const stated = versionLike(name, current, version)
    const fits = stated !== undefined && (version === null || isLower(stated, version))
    return name === current || !fits ? [] : [{ name, version: stated }]
  })
  return found.sort((one, other) => (isLower(one.version, other.version) ? 1 : -1))
}

/** The version of a tag that is spelled like the current one: in a repository of several projects, the same project's. */
function versionLike(name: string, current: string, version: string | null): string | undefined {
  if (version === null) return guessed(name, undefined)
  const at = current.lastIndexOf(version)
  const form = (before: string): string => `${before}{version}${current.slice(at + version.length)}`
  const before = current.slice(0, at)
  const others = before.endsWith('v') ? [before, before.slice(0, -1)] : [before, `${before}v`]
  return others.map((one) => guessed(name, form(one))).find((one) => one !== undefined)
}

function guessed(name: string, pattern: string | undefined): string | undefined {
  try {
    return versionOfTag(name, pattern)
  } catch (error) {
    if (error instanceof TagproofError && error.code === 'version-unknown') return undefined
    throw error
  }
}

/** Versions that are none by PEP 440 are in no order. */
function isLower(one: string, other: string): boolean {
  try {
    return lt(one, other) && !gt(one, other)
  } catch {
    // The library throws for a text that is no version.
    return false
  }
}

/** A private git folder that knows where a shallow clone ends, so that history can be walked. */
export async function withHistory<T>(
  repository: Repository,
  use: (git: PrivateGit, shallow: boolean) => Promise<T>
): Promise<T> {
  const git = await makePrivateGit(repository.places)
  try {
    const from = path.join(repository.places.commonDirectory, 'shallow')
    const status = await lstat(from).catch(() => undefined)
    const shallow = status?.isFile() === true
    if (shallow) await copyFile(from, path.join(git.environment.GIT_DIR ?? '', 'shallow'))
    return await use(git, shallow)
  } finally {
    await git.remove()
  }
}

/** Runs a git command that walks history; its status is the caller's business. */
export function walk(
  git: PrivateGit,
  args: readonly string[],
  more: { stdin?: Buffer; timeoutSeconds?: number } = {}
): Promise<RunResult> {
  return run('git', [...walkOptions, ...args], {
    env: git.environment,
    timeoutSeconds: walkSeconds,
    ...more
  })
}

export function endOf(result: RunResult): string {
  return result.timedOut ? 'it took too long' : lastLines(result.stderr.toString('utf8'), 1).slice(0, 200)
}
