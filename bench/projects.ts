import { execFileSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import path from 'node:path'

/** A repository and the tag to release. */
export interface Project {
  name: string
  repository: string
  tag: string
}

/** The command that is measured: the committed one, or a bundle of this tree that was made elsewhere. */
export const command = process.env.TAGPROOF_BENCH_COMMAND ?? 'dist/cli.cjs'

/** How often slow things are measured. */
export const rounds = Number(process.env.TAGPROOF_BENCH_ROUNDS ?? 3)

/** The example as a repository of its own. */
export function exampleProject(folder: string): Project {
  const repository = path.join(folder, 'example-repository')
  cpSync('examples/herald', repository, { recursive: true })
  const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.invalid']
  for (const args of [
    ['init', '--quiet'],
    ['add', '--all'],
    [...identity, 'commit', '--quiet', '-m', 'Example'],
    ['tag', 'v1.4.0']
  ])
    git(args, repository)
  return { name: 'example', repository, tag: 'v1.4.0' }
}

/** What TAGPROOF_BENCH_PROJECTS names: `name=path@tag`, with commas between. */
export function namedProjects(): Project[] {
  return (process.env.TAGPROOF_BENCH_PROJECTS ?? '')
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const match = /^([a-z0-9-]+)=(.+)@([^@]+)$/.exec(entry)
      if (match === null) throw new Error(`TAGPROOF_BENCH_PROJECTS: expected name=path@tag, found ${entry}`)
      return { name: match[1] ?? '', repository: match[2] ?? '', tag: match[3] ?? '' }
    })
}

/** A clone with the tag checked out. */
export function clone({ repository, tag }: Project, folder: string): void {
  git(['-c', 'advice.detachedHead=false', 'clone', '--quiet', '--branch', tag, repository, folder])
}

function git(args: readonly string[], cwd?: string): void {
  execFileSync('git', args, { stdio: ['ignore', 'ignore', 'inherit'], ...(cwd === undefined ? {} : { cwd }) })
}
