import { lstat, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { TagproofError } from '../platform/errors.ts'

/** Where a repository keeps its parts (gitrepository-layout(5)). Nothing here has read its configuration. */
export interface RepositoryPlaces {
  /** The folder with this worktree's `HEAD`. */
  gitDirectory: string
  /** The folder with `objects`, `refs` and `config`; another one in a linked worktree. */
  commonDirectory: string
  /** The folder that holds `.git`, or null for a bare repository. */
  worktree: string | null
}

/** A `.git` file or a `commondir` is one line; anything longer is something else. */
const longestPointer = 8192

/**
 * Finds the repository that a folder belongs to, going up like git, but without git: no configuration is read
 * (`core.worktree` would move the root, `include.path` would read further files), and ownership is irrelevant
 * because nothing of the repository is ever run.
 *
 * @throws TagproofError `repository-invalid`
 */
export async function discoverRepository(directory: string): Promise<RepositoryPlaces> {
  const start = path.resolve(directory)
  if (!(await isDirectory(start)))
    throw new TagproofError('repository-invalid', `There is no folder ${start}.`, {
      fix: 'Name the folder of a git clone with --repository.'
    })
  for (let folder = start; ; folder = path.dirname(folder)) {
    const places = (await fromDotGit(folder)) ?? (await fromBare(folder))
    if (places !== undefined) return places
    if (folder === path.dirname(folder)) break
  }
  throw new TagproofError('repository-invalid', `The folder ${start} is not in a git repository.`, {
    found: 'no .git here or in a folder above, and no bare repository',
    fix: 'Run inside a clone of the project, or name it with --repository.'
  })
}

async function fromDotGit(folder: string): Promise<RepositoryPlaces | undefined> {
  const dotGit = path.join(folder, '.git')
  const status = await lstat(dotGit).catch(() => undefined)
  if (status === undefined) return undefined
  const gitDirectory = status.isFile()
    ? path.resolve(folder, await pointer(dotGit, /^gitdir: (.+)$/))
    : dotGit
  return { ...(await layout(gitDirectory)), worktree: folder }
}

async function fromBare(folder: string): Promise<RepositoryPlaces | undefined> {
  const parts = ['objects', 'refs'].map((name) => isDirectory(path.join(folder, name)))
  const head = await lstat(path.join(folder, 'HEAD')).catch(() => undefined)
  if (head === undefined || (await Promise.all(parts)).includes(false)) return undefined
  return { ...(await layout(folder)), worktree: null }
}

async function layout(
  gitDirectory: string
): Promise<Pick<RepositoryPlaces, 'gitDirectory' | 'commonDirectory'>> {
  const commonFile = path.join(gitDirectory, 'commondir')
  const linked = (await lstat(commonFile).catch(() => undefined)) !== undefined
  const commonDirectory = linked
    ? path.resolve(gitDirectory, await pointer(commonFile, /^(.+)$/))
    : gitDirectory
  for (const name of ['objects', 'refs'])
    if (!(await isDirectory(path.join(commonDirectory, name))))
      throw new TagproofError('repository-invalid', `${gitDirectory} is not a whole git repository.`, {
        found: `no folder ${name} in ${commonDirectory}`,
        fix: 'Clone the project again.'
      })
  return { gitDirectory, commonDirectory }
}

async function pointer(file: string, form: RegExp): Promise<string> {
  const { size } = await stat(file)
  const text = size > longestPointer ? '' : await readFile(file, 'utf8')
  const target = form.exec(text.replace(/[\r\n]+$/, ''))?.[1]
  if (target !== undefined && !target.includes('\0')) return target
  throw new TagproofError('repository-invalid', `The file ${file} does not say where its repository is.`, {
    found: JSON.stringify(text.slice(0, 80)),
    fix: 'Clone the project again.'
  })
}

async function isDirectory(folder: string): Promise<boolean> {
  return stat(folder).then(
    (status) => status.isDirectory(),
    () => false
  )
}
