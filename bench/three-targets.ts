import { execFileSync } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { parseLock } from '../src/lock/lock-file.ts'
import { silentLog } from '../src/platform/log.ts'
import { rootImage } from '../src/targets/image/root-image.ts'
import { startBuildkit, type Base, type Buildkit } from './buildkit.ts'
import { cache, inRoot, rootOf } from './in-root.ts'
import { inTurn, timed, type Figure } from './measure.ts'
import { clone, command, exampleProject, rounds } from './projects.ts'

const goal = 1.6

/**
 * The example rehearsed with its three targets, from the tag to packages that were proven and tried, against its plain
 * builds one after another, each once: `python -m build`, `dpkg-buildpackage` in the same root and BuildKit's build of
 * the Dockerfile on the same base with the wheel just made. Roots, inputs and the daemon are warm.
 */
export async function* threeTargets(folder: string): AsyncIterable<Figure> {
  const buildkit = await startBuildkit(folder)
  if (buildkit === undefined)
    return void process.stderr.write('three-targets: needs BuildKit (scripts/setup-buildkit.mjs) and root\n')
  try {
    yield* against(buildkit, folder)
  } finally {
    await buildkit.stop()
  }
}

async function* against(buildkit: Buildkit, folder: string): AsyncIterable<Figure> {
  const python = path.join(folder, 'three-venv/bin/python')
  await timed('python3', ['-m', 'venv', path.join(folder, 'three-venv')])
  await timed(python, ['-m', 'pip', 'install', '--quiet', 'build'])
  const project = exampleProject(folder)
  const repository = path.join(folder, 'three-targets')
  clone(project, repository)
  const out = path.join(folder, 'three-out')
  const file = path.join(folder, 'three.lock')
  const source = ['--repository', repository, '--tag', project.tag, '--lock', file]
  const cli = async (name: string, ...args: string[]): Promise<number> =>
    (await timed(process.execPath, [command, name, '--out', out, ...args])).seconds
  await cli('lock', ...source)
  await cli('rehearse', ...source)
  const { roots } = parseLock(await readFile(file, 'utf8'), file)
  if (roots.deb === undefined || roots.image === undefined) throw new Error('a root is not in the lock')
  const debRoot = await rootOf(roots.deb)
  const image = { root: await rootOf(roots.image), rootLock: roots.image, cache, log: silentLog }
  const base: Base = { name: 'tagproof-root', ...(await rootImage(image)) }
  const wheel = [
    '--local',
    `wheel=${path.join(repository, 'dist')}`,
    '--opt',
    'context:tagproof-wheel=local:wheel'
  ]
  const parts: Record<string, number[]> = { python: [], deb: [], image: [] }
  const plain = async (): Promise<number> => {
    execFileSync('git', ['clean', '-fdxq'], { cwd: repository })
    const each = {
      deb: await inRoot(debRoot, folder, repository, 'dpkg-buildpackage -b --no-sign'),
      python: (await timed(python, ['-m', 'build'], { cwd: repository })).seconds,
      image: await buildkit.build(repository, base, wheel, path.join(folder, 'three.tar'))
    }
    for (const [name, seconds] of Object.entries(each)) parts[name]?.push(seconds)
    return each.deb + each.python + each.image
  }
  await plain()
  const { first, second } = await inTurn(rounds, () => cli('rehearse', ...source), plain)
  const told = Object.entries(parts).map(
    ([name, seconds]) => `${name} ${(seconds.at(-1) ?? NaN).toFixed(1)} s`
  )
  yield {
    name: 'rehearse the three targets of the example against their plain builds, each once',
    value: first / second,
    goal,
    detail: `${first.toFixed(1)} s against ${second.toFixed(1)} s (the last: ${told.join(', ')})`
  }
  await rm(out, { recursive: true, force: true })
}
