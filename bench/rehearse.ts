import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { inTurn, timed, type Figure } from './measure.ts'
import { clone as cloneProject, command, exampleProject, namedProjects, type Project } from './projects.ts'

/** How often a project is measured: the slow ones take minutes. */
const rounds = 3
const goal = 1.6
const goalMib = 300

/**
 * A rehearsal with warm root and inputs against the same project's plain `python -m build`, for the example
 * and for the projects named in the environment.
 */
export async function* rehearsals(folder: string): AsyncIterable<Figure> {
  const python = path.join(folder, 'venv', 'bin', 'python')
  await timed('python3', ['-m', 'venv', path.join(folder, 'venv')])
  await timed(python, ['-m', 'pip', 'install', '--quiet', 'build'])
  for (const project of [exampleProject(folder), ...namedProjects()]) {
    const clone = path.join(folder, project.name)
    cloneProject(project, clone)
    yield* rehearsal(folder, project, clone, python)
    await rm(clone, { recursive: true, force: true })
  }
}

async function* rehearsal(
  folder: string,
  project: Project,
  clone: string,
  python: string
): AsyncIterable<Figure> {
  const out = path.join(folder, `out-${project.name}`)
  const lock = path.join(folder, `${project.name}.lock`)
  const cli = (...args: string[]): Promise<{ seconds: number; peakMib: number }> =>
    timed(process.execPath, [
      command,
      ...args,
      '--repository',
      clone,
      '--out',
      out,
      '--target',
      'python',
      '--tag',
      project.tag
    ])
  await cli('lock', '--lock', lock)
  await cli('rehearse', '--lock', lock)
  let peakMib = 0
  const { first, second } = await inTurn(
    rounds,
    async () => {
      const run = await cli('rehearse', '--lock', lock)
      peakMib = Math.max(peakMib, run.peakMib)
      return run.seconds
    },
    async () => {
      await rm(path.join(clone, 'dist'), { recursive: true, force: true })
      execFileSync('git', ['clean', '-fdxq'], { cwd: clone })
      return (await timed(python, ['-m', 'build'], { cwd: clone })).seconds
    }
  )
  yield {
    name: `rehearse ${project.name} against python -m build`,
    value: first / second,
    goal,
    detail: `${first.toFixed(1)} s against ${second.toFixed(1)} s: ${(first - second).toFixed(1)} s added`
  }
  yield {
    name: `rehearse ${project.name}, peak memory / ${goalMib} MiB`,
    value: peakMib / goalMib,
    goal: 1,
    detail: `${peakMib.toFixed(0)} MiB`
  }
  await rm(out, { recursive: true, force: true })
}
