import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import type { Job } from './job.ts'
import { repositoryRoot } from './language.ts'
import { noServices, runtimeToken } from './step-environment.ts'

/** How the caller's workflow names the action: by a full commit. */
export const pinned = 'tagproof/tagproof@0123456789abcdef0123456789abcdef01234567'

const node24 = path.join(repositoryRoot, 'node_modules/node/bin/node')

/** A machine with a checkout of a tagged project, and the action as the runner has downloaded it. */
export class Machine {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'tagproof-runner-'))
  readonly workspace = this.make('work/project')
  readonly home = this.make('home')
  readonly temp = this.make('temp')
  readonly action = this.make('actions')

  constructor() {
    if (!existsSync(path.join(repositoryRoot, 'dist/tagproof.cjs')))
      throw new Error('dist/ is not built: run npm run build')
    for (const part of ['action.yml', 'engine', 'dist'])
      cpSync(path.join(repositoryRoot, part), path.join(this.action, part), { recursive: true })
  }

  /** A job on this machine. Indexes and caches are those of whoever runs the tests. */
  job(changes: Partial<Job> & Pick<Job, 'steps'>): Job {
    return {
      workspace: this.workspace,
      ref: { type: 'tag', name: 'v1.0.0' },
      run: {
        id: '7',
        attempt: 1,
        event: 'push',
        sha: this.head(),
        eventFile: path.join(this.folder, 'event.json')
      },
      services: noServices,
      runtimeToken,
      wrap: (argv) => [...argv],
      kill: (child) => child.kill('SIGKILL'),
      programs: null,
      idToken: false,
      secrets: {},
      needs: {},
      env: {},
      home: this.home,
      runnerTemp: this.temp,
      runnerEnvironment: inherited(),
      downloaded: new Map([[pinned, this.action]]),
      ...changes
    }
  }

  /** Writes files into the workspace, commits them and tags the commit. */
  commit(files: Readonly<Record<string, string>>, tag: string): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(this.workspace, name)), { recursive: true })
      writeFileSync(path.join(this.workspace, name), content)
    }
    if (!existsSync(path.join(this.workspace, '.git'))) this.git('init', '-q', '-b', 'main')
    this.git('add', '-A')
    this.git('commit', '-q', '-m', 'A release')
    this.git('tag', '-a', '-m', 'A release', tag)
  }

  /** Writes the lock of the commit that is checked out into the workspace. */
  lock(): void {
    const program = path.join(this.action, 'dist/cli.cjs')
    execFileSync(node24, [program, 'lock'], {
      cwd: this.workspace,
      env: { PATH: process.env.PATH ?? '', HOME: this.home, ...inherited() },
      stdio: ['ignore', 'ignore', 'pipe']
    })
  }

  /** The commit that is checked out; what a run is of. */
  head(): string {
    if (!existsSync(path.join(this.workspace, '.git'))) return '0'.repeat(40)
    return this.git('rev-parse', 'HEAD').trim()
  }

  /** The folder `tagproof-out` of the workspace. */
  out(...names: string[]): string {
    return path.join(this.workspace, 'tagproof-out', ...names)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  git(...args: string[]): string {
    const identity = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.org' }
    return execFileSync('git', args, {
      cwd: this.workspace,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH ?? '',
        GIT_CONFIG_GLOBAL: '/dev/null',
        ...identity,
        GIT_COMMITTER_NAME: identity.GIT_AUTHOR_NAME,
        GIT_COMMITTER_EMAIL: identity.GIT_AUTHOR_EMAIL,
        GIT_AUTHOR_DATE: '2026-01-02T03:04:05Z',
        GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z'
      }
    })
  }

  private make(name: string): string {
    const folder = path.join(this.folder, name)
    mkdirSync(folder, { recursive: true })
    return folder
  }
}

/** Where packages come from on this machine: what a self-hosted runner would have in its own environment. */
function inherited(): Record<string, string> {
  const names =
    /^(PIP_|UV_|HTTPS?_PROXY$|https?_proxy$|NO_PROXY$|no_proxy$|SSL_CERT_|REQUESTS_CA|NODE_EXTRA_CA|TAGPROOF_CACHE$)/
  const chosen = Object.entries(process.env).filter(([name]) => names.test(name))
  const caches = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache')
  return {
    TAGPROOF_CACHE: path.join(caches, 'tagproof'),
    ...Object.fromEntries(chosen.map(([name, value]) => [name, value ?? '']))
  }
}
