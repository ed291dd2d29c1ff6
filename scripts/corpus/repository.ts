import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { generatedFiles, type Change } from './generated.ts'
import { versionOf, type Listed } from './list.ts'

/** What was left out of a repository, and why. */
export interface Made {
  tag: string
  backend: string
  changes: { path: string; rule: string }[]
}

const identity = { NAME: 'Corpus', EMAIL: 'corpus@example.invalid' }
/** For an sdist whose files have no time, or none that was. */
const plainTime = Date.parse('2026-10-01T00:00:00Z')

const environment: Record<string, string | undefined> = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  LC_ALL: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  ...Object.fromEntries(
    Object.entries(identity).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value]
    ])
  )
}

/**
 * Makes a repository with one commit and one annotated tag out of an sdist: its files but for what is generated, and
 * but for what the project's own `.gitignore` leaves out.
 */
export async function makeRepository(listed: Listed, sdist: string, folder: string): Promise<Made> {
  const version = versionOf(listed.file)
  await rm(folder, { recursive: true, force: true })
  await unpack(sdist, folder)
  const paths = (await readdir(folder, { withFileTypes: true, recursive: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()
  const time = `@${Math.floor((await newestTime(folder, paths)) / 1000)} +0000`
  Object.assign(environment, { GIT_AUTHOR_DATE: time, GIT_COMMITTER_DATE: time })
  const text = (name: string): string | undefined =>
    paths.includes(name) ? readFileSync(path.join(folder, name), 'utf8') : undefined
  const changes = generatedFiles({ paths, text })
  for (const change of changes) await apply(folder, change)
  git(folder, 'init', '--quiet', '--initial-branch', 'main')
  git(folder, 'add', '--all')
  const ignored = git(folder, 'ls-files', '--others', '--ignored', '--exclude-standard', '-z')
    .split('\0')
    .filter((name) => name !== '')
  git(folder, 'commit', '--quiet', '--message', `${listed.name} ${version}`)
  const tag = tagName(version, changes, text('setup.cfg') ?? '')
  git(folder, 'tag', '--annotate', '--message', `${listed.name} ${version}`, tag)
  return {
    tag,
    backend: /^build-backend\s*=\s*["']([\w.]+)/m.exec(text('pyproject.toml') ?? '')?.[1] ?? 'setup.py',
    changes: [
      ...changes.map(({ path: name, rule }) => ({ path: name, rule })),
      ...ignored.map((name) => ({ path: name, rule: 'ignored by the project' }))
    ]
  }
}

/**
 * A commit after the tag that holds the root of an earlier lock, so that `tagproof lock` keeps it: the same root for all
 * projects, resolved once.
 */
export async function commitRoot(folder: string, lock: string): Promise<void> {
  const file = path.join(folder, '.github/tagproof.lock')
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, lock)
  git(folder, 'add', '--force', '.github/tagproof.lock')
  git(folder, 'commit', '--quiet', '--message', 'The root that all projects share')
}

/** pbr takes the tag for the version as it stands, versioneer is told of a prefix; all others know the `v`. */
function tagName(version: string, changes: readonly Change[], settings: string): string {
  const prefix = /^\[versioneer\][^[]*?^tag_prefix[ \t]*=[ \t]*(\S*)$/m.exec(settings)?.[1]
  if (prefix !== undefined) return prefix.replace(/^(["'])(.*)\1$/, '$2') + version
  return changes.some((change) => change.rule.includes('pbr')) ? version : `v${version}`
}

/** When the release was made: the newest time of a file, since versions may follow the calendar. */
async function newestTime(folder: string, paths: readonly string[]): Promise<number> {
  const times = await Promise.all(paths.map(async (name) => (await lstat(path.join(folder, name))).mtimeMs))
  const newest = Math.max(...times)
  return newest > Date.parse('2000-01-01') && newest < Date.now() ? newest : plainTime
}

/** The one folder of the sdist becomes `folder`. */
async function unpack(sdist: string, folder: string): Promise<void> {
  const part = `${folder}.part`
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { recursive: true })
  execFileSync('tar', [
    '--extract',
    '--no-same-owner',
    '--no-same-permissions',
    '--file',
    sdist,
    '--directory',
    part
  ])
  const [top, ...others] = await readdir(part)
  if (top === undefined || others.length > 0) throw new Error(`${sdist} has not one top folder`)
  await rename(path.join(part, top), folder)
  await rm(part, { recursive: true })
}

async function apply(folder: string, { path: name, text }: Change): Promise<void> {
  const file = path.join(folder, name)
  if (text === null) await rm(file)
  else await writeFile(file, text)
}

function git(folder: string, ...args: string[]): string {
  const options = { cwd: folder, env: environment, maxBuffer: 64 * 1024 * 1024 }
  return execFileSync(
    'git',
    ['-c', 'core.autocrlf=false', '-c', 'advice.defaultBranchName=false', ...args],
    options
  ).toString('utf8')
}
