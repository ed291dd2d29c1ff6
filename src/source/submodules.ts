import { lstat, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ObjectId } from '../documents/identifiers.ts'
import { TagproofError } from '../platform/errors.ts'
import { run } from '../platform/process.ts'
import { discoverRepository } from './discovery.ts'
import { parseCommit, parseTree } from './objects.ts'
import { hardenedEnvironment } from './private-git.ts'
import type { Repository } from './repository.ts'
import { quotedName } from './tag-name.ts'

/** Where the submodules of one tree may be found. */
export interface SubmoduleSource {
  /** Git folders whose `modules` may hold them. */
  directories: string[]
  /** Names by path, as `.gitmodules` says them; undefined until they were read. */
  names: ReadonlyMap<string, string> | undefined
  /** Root tree that `.gitmodules` is read from. */
  tree: ObjectId
  /** Path of that root in the export, empty for the commit's own. */
  root: string
}

const largestGitmodules = 1024 * 1024

/** The names that `.gitmodules` of a tree gives, by path. Git parses the text; no include is followed. */
export async function readSubmoduleNames(
  repository: Repository,
  tree: ObjectId
): Promise<Map<string, string>> {
  const lines = parseTree(tree, (await repository.readObject(tree, 'tree')).data)
  const line = lines.find((candidate) => candidate.name.toString('latin1') === '.gitmodules')
  if (line === undefined || line.kind === 'link' || line.kind === 'folder') return new Map()
  const { data } = await repository.readObject(line.id, 'blob')
  if (data.length > largestGitmodules) return new Map()
  const args = ['config', '--file', '-', '--no-includes', '-z', '--get-regexp', '^submodule\\..*\\.path$']
  const result = await run('git', args, {
    env: { ...hardenedEnvironment, GIT_DIR: '/nonexistent' },
    stdin: data,
    timeoutSeconds: 30
  })
  const names = new Map<string, string>()
  for (const record of result.code === 0 ? result.stdout.toString('utf8').split('\0') : []) {
    const [key = '', value = ''] = record.split('\n')
    if (value !== '') names.set(value, key.slice('submodule.'.length, -'.path'.length))
  }
  return names
}

/**
 * The tree of a submodule at its recorded commit, from the objects that this clone has: those of the repository
 * itself, of `.git/modules/NAME`, or of the submodule's own worktree. Nothing is fetched.
 *
 * @throws TagproofError `submodule-refused`
 */
export async function enterSubmodule(
  repository: Repository,
  source: SubmoduleSource,
  folder: string,
  commitId: ObjectId
): Promise<SubmoduleSource> {
  const relative = source.root === '' ? folder : folder.slice(source.root.length + 1)
  const name = source.names?.get(relative)
  const directories = await candidates(repository, source, folder, name)
  for (const directory of [undefined, ...directories]) {
    if (directory !== undefined) await repository.addObjectDirectory(path.join(directory, 'objects'))
    const [header] = await repository.headers([commitId])
    if (header?.type !== 'commit') continue
    const { tree } = parseCommit(commitId, (await repository.readObject(commitId, 'commit')).data)
    return { directories, names: undefined, tree, root: folder }
  }
  throw new TagproofError('submodule-refused', `The submodule ${quotedName(folder)} is not in this clone.`, {
    found: name === undefined ? '.gitmodules does not name it' : `no commit ${commitId}`,
    expected: 'its recorded commit, so that its files are known',
    fix: `Fetch it: git submodule update --init --recursive -- ${JSON.stringify(folder)} (with actions/checkout: submodules: recursive).`
  })
}

async function candidates(
  repository: Repository,
  source: SubmoduleSource,
  folder: string,
  name: string | undefined
): Promise<string[]> {
  const found: string[] = []
  // A name with `..` once led out of `modules` (CVE-2018-11235).
  if (name !== undefined && isPlainName(name))
    for (const directory of source.directories) found.push(path.join(directory, 'modules', name))
  const { worktree } = repository.places
  if (worktree !== null && (await isOwnFolder(worktree, folder))) {
    const places = await discoverRepository(path.join(worktree, folder)).catch(() => undefined)
    if (places?.worktree === path.join(worktree, folder)) found.push(places.commonDirectory)
  }
  const usable: string[] = []
  for (const directory of found)
    if (await isObjectFolder(path.join(directory, 'objects'))) usable.push(directory)
  return usable
}

function isPlainName(name: string): boolean {
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..') && !name.includes('\\')
}

/** Whether no part of the way is a link: the worktree is not ours, and may lead anywhere. */
async function isOwnFolder(worktree: string, folder: string): Promise<boolean> {
  let place = worktree
  for (const part of folder.split('/')) {
    place = path.join(place, part)
    const status = await lstat(place).catch(() => undefined)
    if (status?.isDirectory() !== true) return false
  }
  return true
}

/** Objects of another hash would only confuse git; a submodule has the format of its parent. */
async function isObjectFolder(folder: string): Promise<boolean> {
  const status = await lstat(folder).catch(() => undefined)
  if (status?.isDirectory() !== true) return false
  const head = await readFile(path.join(folder, '..', 'HEAD')).catch(() => undefined)
  return head !== undefined
}
