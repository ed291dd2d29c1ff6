import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { TagproofError } from '../platform/errors.ts'
import { lastLines, plainEnvironment, run, type Environment } from '../platform/process.ts'
import type { RepositoryPlaces } from './discovery.ts'

export type ObjectFormat = 'sha1' | 'sha256'

/**
 * A git folder of our own over somebody else's objects and refs. Git reads the configuration, hooks, grafts and
 * attributes of *this* folder, which are ours and empty, so whatever the repository's own say has no effect:
 * core.fsmonitor, core.hooksPath, core.sshCommand, core.worktree, core.gitProxy, filters, textconv, include.path,
 * aliases, promisor remotes (whose lazy fetch would run a transport).
 */
export interface PrivateGit {
  environment: Environment
  objectFormat: ObjectFormat
  remove(): Promise<void>
}

/** `cat-file --batch-command` is from 2.36 (April 2022). */
const oldestGit = [2, 36] as const

/** What every git command of ours runs with; the caller's own variables never reach it. */
export const hardenedEnvironment: Environment = {
  ...plainEnvironment,
  HOME: '/nonexistent',
  XDG_CONFIG_HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_GRAFT_FILE: '/dev/null',
  GIT_NO_LAZY_FETCH: '1',
  // No transport has this name, so none may be used.
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_SSH_COMMAND: 'false',
  GIT_ASKPASS: 'false',
  GIT_PAGER: 'cat',
  GIT_EDITOR: 'false'
}

/**
 * Makes the private folder. `remove` deletes it; the repository itself is never written to.
 *
 * @throws TagproofError `repository-invalid`, `tool-missing`
 */
export async function makePrivateGit(places: RepositoryPlaces): Promise<PrivateGit> {
  const version = await gitVersion()
  const config = path.join(places.commonDirectory, 'config')
  const objectFormat = await setting(config, 'extensions.objectformat', 'sha1')
  const refStorage = await setting(config, 'extensions.refstorage', 'files')
  if (objectFormat !== 'sha1' && objectFormat !== 'sha256')
    throw unusable(`It names its objects by ${JSON.stringify(objectFormat)}`, 'sha1 or sha256')
  if (refStorage !== 'files' && refStorage !== 'reftable')
    throw unusable(`It keeps its refs in ${JSON.stringify(refStorage)}`, 'files or reftable')
  if (refStorage === 'reftable' && version.minor < 45 && version.major === 2)
    throw new TagproofError('tool-missing', 'The repository keeps its refs as reftable.', {
      found: `git ${version.text}`,
      expected: 'git 2.45 or newer, which can read them',
      fix: 'Install a newer git, or run: git refs migrate --ref-format=files'
    })
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-git-'))
  try {
    await fill(folder, places, objectFormat, refStorage)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  return {
    objectFormat,
    environment: {
      ...hardenedEnvironment,
      GIT_DIR: folder,
      GIT_OBJECT_DIRECTORY: path.join(places.commonDirectory, 'objects')
    },
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

async function fill(
  folder: string,
  places: RepositoryPlaces,
  objectFormat: ObjectFormat,
  refStorage: string
): Promise<void> {
  const extensions =
    objectFormat === 'sha1' && refStorage === 'files'
      ? '\trepositoryformatversion = 0\n'
      : `\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = ${objectFormat}\n` +
        (refStorage === 'files' ? '' : `\trefStorage = ${refStorage}\n`)
  await writeFile(path.join(folder, 'config'), `[core]\n\tbare = true\n${extensions}`)
  const head = path.join(places.gitDirectory, 'HEAD')
  const status = await lstat(head).catch(() => undefined)
  // Before 2005 HEAD was a link to the branch's file; git still reads it so.
  const text =
    status?.isFile() === true && status.size < 4096 ? await readFile(head) : 'ref: refs/heads/.invalid\n'
  await writeFile(path.join(folder, 'HEAD'), text)
  await mkdir(path.join(folder, 'objects'))
  // The link to packed-refs may lead nowhere yet: refs can be packed while we run.
  for (const name of ['refs', 'packed-refs', ...(refStorage === 'reftable' ? ['reftable'] : [])])
    await symlink(path.join(places.commonDirectory, name), path.join(folder, name))
}

/** One value of a config file, read without its includes. */
async function setting(config: string, name: string, absent: string): Promise<string> {
  const status = await lstat(config).catch(() => undefined)
  if (status === undefined) return absent
  const result = await run('git', ['config', '--file', config, '--no-includes', '--get', name], {
    env: { ...hardenedEnvironment, GIT_DIR: '/nonexistent' },
    timeoutSeconds: 30
  })
  if (result.code === 0) return result.stdout.toString('utf8').trim().toLowerCase()
  if (result.code === 1) return absent
  throw new TagproofError('repository-invalid', 'The configuration file of the repository is corrupt.', {
    where: config,
    output: lastLines(result.stderr.toString('utf8'), 5),
    fix: 'Correct it, or clone the project again.'
  })
}

/** @throws TagproofError `tool-missing` where git is absent or too old */
export async function gitVersion(): Promise<{ text: string; major: number; minor: number }> {
  const result = await run('git', ['version'], { env: hardenedEnvironment, timeoutSeconds: 30 })
  const found = /^git version ((\d+)\.(\d+)\S*)/.exec(result.stdout.toString('utf8'))
  const major = Number(found?.[2] ?? 0)
  const minor = Number(found?.[3] ?? 0)
  const text = found?.[1] ?? 'an unknown version'
  if (major > oldestGit[0] || (major === oldestGit[0] && minor >= oldestGit[1])) return { text, major, minor }
  throw new TagproofError('tool-missing', 'git is too old.', {
    found: text,
    expected: `git ${oldestGit.join('.')} or newer`,
    fix: 'Install a newer git.'
  })
}

function unusable(message: string, expected: string): TagproofError {
  return new TagproofError('repository-invalid', `This repository cannot be read. ${message}.`, { expected })
}
