import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { median, timed, type Figure } from './measure.ts'
import { clone, command, exampleProject, namedProjects, rounds } from './projects.ts'

/**
 * What a proof costs beside the builds: a rehearsal less two plain builds one after the other, less its own two builds
 * side by side, and the prove stage alone. Told in seconds; the ratio is to one plain build.
 */
export async function* proofAdded(folder: string): AsyncIterable<Figure> {
  const python = path.join(folder, 'added-venv', 'bin', 'python')
  await timed('python3', ['-m', 'venv', path.join(folder, 'added-venv')])
  await timed(python, ['-m', 'pip', 'install', '--quiet', 'build'])
  for (const project of [exampleProject(folder), ...namedProjects()]) {
    const repository = path.join(folder, `added-${project.name}`)
    clone(project, repository)
    const lock = path.join(folder, `added-${project.name}.lock`)
    const out = path.join(folder, `added-out-${project.name}`)
    const source = ['--repository', repository, '--tag', project.tag, '--target', 'python', '--lock', lock]
    const cli = async (name: string, ...args: string[]): Promise<number> =>
      (await timed(process.execPath, [command, name, '--out', out, ...args], {}, { accept: [0, 1] })).seconds
    await cli('lock', ...source)
    await cli('rehearse', ...source)
    const seconds: Record<'rehearse' | 'build' | 'prove' | 'plain', number[]> = {
      rehearse: [],
      build: [],
      prove: [],
      plain: []
    }
    for (let round = 0; round < rounds; round += 1) {
      seconds.rehearse.push(await cli('rehearse', ...source))
      seconds.build.push(await cli('build'))
      seconds.prove.push(await cli('prove', '--repository', repository))
      execFileSync('git', ['clean', '-fdxq'], { cwd: repository })
      seconds.plain.push((await timed(python, ['-m', 'build'], { cwd: repository })).seconds)
    }
    const [rehearse, build, prove, plain] = (['rehearse', 'build', 'prove', 'plain'] as const).map((name) =>
      median(seconds[name])
    ) as [number, number, number, number]
    yield {
      name: `proof of ${project.name}, seconds beside two plain builds / one plain build`,
      value: (rehearse - 2 * plain) / plain,
      goal: null,
      detail: `rehearse ${rehearse.toFixed(1)} s, python -m build ${plain.toFixed(1)} s: ${(rehearse - 2 * plain).toFixed(1)} s beside two of them; both worlds side by side ${build.toFixed(1)} s, prove alone (exports made again) ${prove.toFixed(1)} s`
    }
    await rm(out, { recursive: true, force: true })
  }
}
