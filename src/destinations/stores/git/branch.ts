import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { TagproofError } from '../../../platform/errors.ts'
import {
  lastLines,
  run,
  type Environment,
  type RunOptions,
  type RunResult
} from '../../../platform/process.ts'
import { gitVersion } from '../../../source/private-git.ts'
import { persistently, transportEnvironment, transportError, type GitRemote } from './transport.ts'

export interface BranchRequest {
  remote: GitRemote
  branch: string
  /** Of the commits that are made, seconds since 1970: the same release makes the same commit. */
  time: number
  /** Milliseconds before each further attempt at the network. */
  pauses: readonly number[]
  signal?: AbortSignal
}

/** What a file of a branch is: name of its blob, by full path. */
export type Listing = ReadonlyMap<string, string>

/** A branch of another repository, without a checkout: its newest commit and trees; blobs only as they are asked for. */
export interface Branch {
  /** Newest commit, or null for a branch that is not there. */
  readonly tip: string | null
  readonly files: Listing
  /** Writes a blob here. @returns its name */
  addBlob(content: Readable): Promise<string>
  /** The bytes of a blob, fetched if they are not here. */
  readBlob(blob: string, into: Writable): Promise<void>
  /** A commit on top of the tip. @param changes blob by path; null takes a file away */
  commit(changes: ReadonlyMap<string, string | null>, message: string): Promise<string>
  /** @returns false where somebody else has pushed meanwhile */
  push(commit: string, ref: string): Promise<boolean>
  /** Removes a ref of ours. Does not throw. */
  dropRef(ref: string): Promise<void>
  /** Asks for the tip again. */
  refresh(): Promise<void>
  /** Whether a push would be let in; nothing is sent. @throws TagproofError `login-refused`, … */
  provePush(): Promise<void>
  remove(): Promise<void>
}

const tipRef = 'refs/tagproof/tip'
/** Once is enough. */
let checked: Promise<unknown> | undefined

function configOf(format: 'sha1' | 'sha256'): string {
  const extension = format === 'sha1' ? '' : '\tobjectFormat = sha256\n'
  return `[core]\n\tbare = true\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = origin\n${extension}`
}

const timeoutSeconds = 900
const person = { name: 'Tagproof', email: 'tagproof@localhost' }

/** @throws TagproofError `tool-missing`, and of {@link transportError} */
export async function openBranch(request: BranchRequest): Promise<Branch> {
  await (checked ??= gitVersion())
  const { remote, branch, pauses, signal } = request
  const transport = transportEnvironment(remote)
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-branch-'))
  const ref = `refs/heads/${branch}`
  const here = { GIT_DIR: folder, GIT_INDEX_FILE: path.join(folder, 'index') }
  let tip: string | null = null
  let files: Listing = new Map()

  async function git(args: readonly string[], more: Partial<RunOptions> = {}): Promise<RunResult> {
    const env: Environment = { ...transport, ...here, ...(more.env ?? {}) }
    return run('git', args, {
      cwd: folder,
      timeoutSeconds,
      ...(signal === undefined ? {} : { signal }),
      ...more,
      env
    })
  }
  async function local(args: readonly string[], more: Partial<RunOptions> = {}): Promise<string> {
    const result = await git(args, more)
    if (result.code === 0) return result.stdout.toString('utf8')
    throw broken(args, result)
  }
  async function overNetwork(args: readonly string[]): Promise<string> {
    return persistently(
      pauses,
      async () => {
        const result = await git(args)
        if (result.code === 0) return result.stdout.toString('utf8')
        throw transportError(result.stderr.toString('utf8'), remote.address)
      },
      signal
    )
  }

  async function begin(): Promise<void> {
    const heads = await overNetwork(['ls-remote', '--quiet', 'origin', 'HEAD', ref])
    await writeFile(path.join(folder, 'config'), configOf(/^[0-9a-f]{64}\t/m.test(heads) ? 'sha256' : 'sha1'))
    if (heads.split('\n').some((line) => line.endsWith(`\t${ref}`))) await refresh()
  }
  async function refresh(): Promise<void> {
    await overNetwork([
      'fetch',
      '--quiet',
      '--depth=1',
      '--filter=blob:none',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      'origin',
      `+${ref}:${tipRef}`
    ])
    tip = (await readFile(path.join(folder, tipRef), 'utf8')).trim()
    files = listingOf(await local(['ls-tree', '-r', '-z', '--full-tree', tip]))
  }
  async function commitOf(tree: string, message: string): Promise<string> {
    const at = `${request.time} +0000`
    const env = {
      ...{ GIT_AUTHOR_NAME: person.name, GIT_AUTHOR_EMAIL: person.email, GIT_AUTHOR_DATE: at },
      ...{ GIT_COMMITTER_NAME: person.name, GIT_COMMITTER_EMAIL: person.email, GIT_COMMITTER_DATE: at }
    }
    const parents = tip === null ? [] : ['-p', tip]
    return (
      await local(['commit-tree', tree, ...parents], { env, stdin: Buffer.from(`${message}\n`) })
    ).trim()
  }

  try {
    for (const part of ['objects', 'refs']) await mkdir(path.join(folder, part))
    await writeFile(path.join(folder, 'HEAD'), 'ref: refs/heads/none\n')
    await writeFile(path.join(folder, 'config'), configOf('sha1'))
    await begin()
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }

  return {
    get tip() {
      return tip
    },
    get files() {
      return files
    },
    refresh,
    addBlob: async (content) =>
      (await local(['hash-object', '-w', '--no-filters', '--stdin'], { stdin: content })).trim(),
    async readBlob(blob, into) {
      const args = ['cat-file', 'blob', blob]
      const result = await git(args, { stdoutTo: into })
      if (result.code !== 0) throw transportError(result.stderr.toString('utf8'), remote.address)
    },
    async commit(changes, message) {
      await local(tip === null ? ['read-tree', '--empty'] : ['read-tree', tip])
      const lines = [...changes].map(([file, blob]) =>
        blob === null ? `0 ${'0'.repeat(tip?.length ?? 40)}\t${file}\0` : `100644 ${blob}\t${file}\0`
      )
      await local(['update-index', '-z', '--index-info'], { stdin: Buffer.from(lines.join('')) })
      const tree = (await local(['write-tree', '--missing-ok'])).trim()
      return commitOf(tree, message)
    },
    push: (commit, to) =>
      persistently(
        pauses,
        async () => {
          const result = await git([
            'push',
            '--porcelain',
            '--no-thin',
            '--no-verify',
            'origin',
            `${commit}:${to}`
          ])
          if (result.code === 0) return true
          const said = `${result.stdout.toString('utf8')}\n${result.stderr.toString('utf8')}`
          if (isRace(said)) return false
          throw transportError(said, remote.address)
        },
        signal
      ),
    async dropRef(name) {
      await git(['push', '--quiet', '--no-verify', 'origin', `:${name}`]).catch(() => undefined)
    },
    async provePush() {
      const empty = (await local(['mktree'], { stdin: Buffer.alloc(0) })).trim()
      const commit = tip ?? (await commitOf(empty, 'Nothing'))
      await overNetwork(['push', '--dry-run', '--quiet', '--no-verify', 'origin', `${commit}:${ref}`])
    },
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

/** Somebody else has pushed between our fetch and our push, or at this moment. */
function isRace(said: string): boolean {
  return /non-fast-forward|fetch first|stale info|cannot lock ref|reference already exists|incorrect old value|failed to update ref/i.test(
    said
  )
}

function listingOf(text: string): Listing {
  const files = new Map<string, string>()
  for (const line of text.split('\0')) {
    const [, blob, file] = /^\d{6} \w+ ([0-9a-f]+)\t(.+)$/s.exec(line) ?? []
    if (blob !== undefined && file !== undefined) files.set(file, blob)
  }
  return files
}

function broken(args: readonly string[], { stderr }: RunResult): TagproofError {
  const output = stderr.toString('utf8')
  if (/No space left on device/i.test(output))
    return new TagproofError('disk-full', 'There is no room on this machine for what is pushed.', {
      output: lastLines(output, 5),
      fix: 'Free space in the folder of temporary files (TMPDIR), and run publish again.'
    })
  return new TagproofError('internal', `git ${args[0] ?? ''} failed in a repository of our own.`, {
    output: lastLines(output, 8)
  })
}
