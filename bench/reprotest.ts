import { execFileSync } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { inTurn, timed, type Figure } from './measure.ts'
import { clone, command, exampleProject, namedProjects, rounds, type Project } from './projects.ts'

const goal = 0.7

/**
 * What both vary: time zone, locale, umask, home, host name, build path, clock, directory order, processors, PATH, and
 * a variable more. reprotest could also change kernel persona and address layout, which we do not; we also change user
 * id and hash seed, scramble opaque files, and trace every member, which it does not.
 */
const variations = '+all,-kernel,-aslr,-user_group'
const reprotestVersion = '0.7.28'

/** Rehearsals against `reprotest`, which builds twice one after the other: ours side by side, and in sequence. */
export async function* againstReprotest(folder: string): AsyncIterable<Figure> {
  const tools = await installTools(folder)
  for (const project of [exampleProject(folder), ...namedProjects()]) {
    const repository = path.join(folder, `reprotest-${project.name}`)
    clone(project, repository)
    const build = `${await buildEnvironment(folder, project, repository)} -m build --no-isolation`
    const theirs = async (): Promise<number> => {
      const args = ['--no-diffoscope', `--variations=${variations}`, '-c', build, '.', 'dist/*']
      // Status 1 says that the builds differ, which an sdist by setuptools always does.
      const options = { cwd: repository, env: tools.environment }
      return (await timed(tools.reprotest, args, options, { accept: [0, 1] })).seconds
    }
    for (const order of ['side by side', 'in sequence'] as const) {
      const ours = await prepareRehearsal(folder, project, repository, order)
      const { first, second } = await inTurn(rounds, ours, theirs)
      yield {
        name: `rehearse ${project.name}, ${order}, against reprotest`,
        value: first / second,
        goal,
        detail: `${first.toFixed(1)} s against ${second.toFixed(1)} s (reprotest ${reprotestVersion}, ${variations}; build requirements installed, no isolation, no diffoscope)`
      }
    }
  }
}

interface Tools {
  reprotest: string
  environment: NodeJS.ProcessEnv
}

/** reprotest from the Python index, and disorderfs with its libraries from Debian, unpacked and not installed. */
async function installTools(folder: string): Promise<Tools> {
  const room = path.join(folder, 'reprotest-tools')
  const venv = path.join(room, 'venv')
  const tree = path.join(room, 'debian')
  await mkdir(room)
  execFileSync('python3', ['-m', 'venv', venv])
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[] }
  execFileSync(
    path.join(venv, 'bin/pip'),
    ['install', '--quiet', `reprotest==${reprotestVersion}`, 'setuptools'],
    quiet
  )
  execFileSync(
    'apt-get',
    ['download', '-qq', '-o', 'APT::Sandbox::User=root', 'disorderfs', 'fuse', 'libfuse2'],
    { ...quiet, cwd: room }
  )
  for (const name of await readdir(room))
    if (name.endsWith('.deb')) execFileSync('dpkg-deb', ['--extract', path.join(room, name), tree])
  const inside = (name: string): string => path.join(tree, name)
  const libraries = (await readdir(inside('lib'))).map((name) => inside(`lib/${name}`))
  return {
    reprotest: path.join(venv, 'bin/reprotest'),
    environment: {
      ...process.env,
      PATH: `${inside('usr/bin')}:${inside('bin')}:${process.env.PATH ?? ''}`,
      LD_LIBRARY_PATH: libraries.join(':')
    }
  }
}

/** The interpreter of an environment with what the project's build asks for. */
async function buildEnvironment(folder: string, project: Project, repository: string): Promise<string> {
  const venv = path.join(folder, `reprotest-environment-${project.name}`)
  const ask = path.join(folder, 'requires.py')
  await writeFile(
    ask,
    'import sys, tomllib\nwith open(sys.argv[1], "rb") as file: print("\\n".join(tomllib.load(file)["build-system"]["requires"]))\n'
  )
  const stated = execFileSync('python3', [ask, path.join(repository, 'pyproject.toml')], { encoding: 'utf8' })
  execFileSync('python3', ['-m', 'venv', venv])
  execFileSync(
    path.join(venv, 'bin/pip'),
    ['install', '--quiet', '--upgrade', 'build', 'wheel', ...stated.trim().split('\n')],
    { stdio: ['ignore', 'ignore', 'inherit'] }
  )
  return path.join(venv, 'bin/python')
}

/** Root, inputs and lock are there before anything is measured, as reprotest's environment is. */
async function prepareRehearsal(
  folder: string,
  project: Project,
  repository: string,
  order: 'side by side' | 'in sequence'
): Promise<() => Promise<number>> {
  const lock = path.join(folder, `reprotest-${project.name}.lock`)
  const config = path.join(folder, 'in-sequence.yml')
  // More memory than any machine has: the worlds then do not fit side by side.
  await writeFile(config, 'limits: { memory-mib: 100000000 }\n')
  const common = ['--repository', repository, '--target', 'python', '--tag', project.tag, '--lock', lock]
  const cli = (...args: string[]): Promise<{ seconds: number }> =>
    timed(process.execPath, [command, ...args, ...common], {}, { accept: [0, 1] })
  const out = path.join(folder, `reprotest-out-${project.name}`)
  const more = order === 'in sequence' ? ['--config', config] : []
  await cli('lock')
  const rehearse = async (): Promise<number> => (await cli('rehearse', '--out', out, ...more)).seconds
  await rehearse()
  return rehearse
}
