import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { debRootRequest } from '../src/lock/build-depends.ts'
import { debRootPackages } from '../src/worlds/root-packages.ts'
import { inRoot, rootWith } from './in-root.ts'
import { median, timed, type Figure } from './measure.ts'
import { clone, command, exampleProject, namedProjects, rounds } from './projects.ts'

const goal = 0.7

/** What the others need besides the build dependencies. */
const peers = ['reprotest', 'devscripts', 'disorderfs', 'faketime', 'fakeroot']

/** As in the other comparison with reprotest: what we vary too. */
const variations = '+all,-kernel,-aslr,-user_group'
const plain = 'dpkg-buildpackage -b --no-sign'

/** Both end with 0 only where the packages are the same. */
const commands = {
  reprotest: `export DEB_BUILD_OPTIONS=nocheck; reprotest --no-diffoscope --variations=${variations} -c '${plain}' . '../*.deb'`,
  debrepro: 'export DEB_BUILD_OPTIONS=nocheck; debrepro'
}

/**
 * A package with a `debian/` folder built twice and compared: plan, both builds side by side and the proof, against
 * reprotest and debrepro of Debian in a root that has the same build dependencies. The trial installation is left out,
 * which neither of them makes. For the example and the projects that are named.
 */
export async function* debTwice(folder: string): AsyncIterable<Figure> {
  if (process.getuid?.() !== 0) return void process.stderr.write('deb-twice: needs root\n')
  const config = path.join(folder, 'deb-twice.yml')
  await writeFile(config, 'targets:\n  - { kind: deb, changelog: tag }\n')
  for (const project of [exampleProject(folder), ...namedProjects()]) {
    const repository = path.join(folder, `deb-twice-${project.name}`)
    clone(project, repository)
    const control = path.join(repository, 'debian/control')
    const { packages, relations } = debRootRequest(await readFile(control, 'utf8'), control)
    const root = await rootWith([...debRootPackages, ...packages, ...peers], relations)
    const out = path.join(folder, `deb-twice-out-${project.name}`)
    const lock = path.join(folder, `deb-twice-${project.name}.lock`)
    const source = ['--repository', repository, '--tag', project.tag, '--config', config, '--lock', lock]
    const cli = async (name: string, ...args: string[]): Promise<number> =>
      (await timed(process.execPath, [command, name, '--out', out, ...args], {}, { accept: [0, 1] })).seconds
    const ours = async (): Promise<number> =>
      (await cli('plan', ...source)) + (await cli('build')) + (await cli('prove', '--repository', repository))
    await cli('lock', ...source)
    await ours()
    const seconds: Record<'ours' | keyof typeof commands, number[]> = {
      ours: [],
      reprotest: [],
      debrepro: []
    }
    for (let round = 0; round < rounds; round += 1) {
      seconds.ours.push(await ours())
      for (const name of ['reprotest', 'debrepro'] as const)
        seconds[name].push(await inRoot(root, folder, repository, commands[name]))
    }
    const own = median(seconds.ours)
    for (const name of ['reprotest', 'debrepro'] as const) {
      const theirs = median(seconds[name])
      yield {
        name: `deb of ${project.name} built twice and proven, against ${name}`,
        value: own / theirs,
        goal,
        detail: `${own.toFixed(1)} s against ${theirs.toFixed(1)} s`
      }
    }
  }
}
