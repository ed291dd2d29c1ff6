import path from 'node:path'
import { sha256 } from '../../documents/identifiers.ts'
import type { PythonLock, PythonPackage } from '../../documents/lock.ts'
import { normalizeName } from '../../formats/metadata.ts'
import { openWheel, wheelText } from '../../formats/wheel.ts'
import { withTemporaryFolder } from '../../platform/files.ts'
import { folderReason } from '../../source/opaque.ts'
import type { TryInstall, TryRequest } from '../try-request.ts'
import { environmentPath } from './environment.ts'
import { makeEnvironment } from './sdist.ts'
import { entryPointScripts } from './wheel-install.ts'

/** More of a kind shows nothing new. */
const mostCommands = 5

/**
 * Installs the wheel, and then the sdist (which is built again, with the locked build environment), each into an
 * environment of its own with the run-time dependencies that the lock holds. No pip, no network.
 */
export const tryPython: TryInstall = async (request, use) => {
  const wheel = request.artifacts.find(({ artifact }) => artifact.kind === 'wheel')
  if (wheel === undefined) return
  const about = await aboutWheel(wheel.file)
  for (const one of [wheel, ...request.artifacts.filter(({ artifact }) => artifact.kind === 'sdist')])
    await withTemporaryFolder('tagproof-try-python', async (folder) => {
      const environment = path.join(folder, 'environment')
      const own = packageOf(about.project, one.artifact)
      await makeEnvironment(lockWith(request, own), environment, {
        root: request.place.root,
        epoch: request.plan.tag.epoch,
        limits: request.plan.limits,
        log: request.log,
        file: (entry) => (entry === own ? one.file : request.inputs.python(entry)),
        ...(request.signal === undefined ? {} : { signal: request.signal })
      })
      const alone = request.dependencies === null && about.needs > 0
      await use({
        artifact: one.artifact,
        place: alone
          ? `a clean environment; not started, since the lock holds none of the ${about.needs} requirements that it has at run time`
          : 'a clean environment',
        root: request.place.root,
        binds: [{ source: environment, destination: environmentPath }],
        environment: { PATH: `${environmentPath}/bin:/usr/bin:/bin`, PYTHONDONTWRITEBYTECODE: '1' },
        commands: alone ? [] : about.commands
      })
    })
}

function packageOf(project: string, artifact: TryRequest['artifacts'][number]['artifact']): PythonPackage {
  return {
    name: normalizeName(project),
    version: artifact.version,
    file: artifact.name,
    size: artifact.size,
    sha256: sha256(artifact.sha256),
    because: ['it is tried']
  }
}

/** The run-time dependencies with the package itself; an sdist is built with what the target is built with. */
function lockWith({ dependencies, building }: TryRequest, own: PythonPackage): PythonLock {
  const { interpreter = '3.0', requested = [], packages = [], sdists = {} } = dependencies ?? building ?? {}
  const runtime = dependencies === null ? [] : packages
  const others = runtime.filter(({ name }) => name !== own.name)
  const builtWith = building === null ? {} : { [own.file]: building, ...building.sdists }
  return {
    interpreter,
    requested,
    packages: [...others, own],
    sdists: Object.fromEntries(
      Object.entries({ ...sdists, ...builtWith }).map(([file, { requested, packages }]) => [
        file,
        { requested, packages }
      ])
    )
  }
}

interface AboutWheel {
  project: string
  /** How many requirements it has, whatever their markers, leaving out those of extras. */
  needs: number
  commands: string[][]
}

async function aboutWheel(file: string): Promise<AboutWheel> {
  const wheel = await openWheel(file)
  try {
    const metadata = await wheelText(wheel.archive, `${wheel.distInfo}/METADATA`)
    const entryPoints = wheel.record.has(`${wheel.distInfo}/entry_points.txt`)
      ? await wheelText(wheel.archive, `${wheel.distInfo}/entry_points.txt`)
      : ''
    const scripts = entryPointScripts(entryPoints, environmentPath)
      .slice(0, mostCommands)
      .map(({ name }) => [name, '--help'])
    const imports = modulesOf([...wheel.record.keys()])
      .slice(0, mostCommands)
      .map((name) => ['python', '-c', `import ${name}`])
    return {
      project: /^Name: (.+)$/m.exec(metadata)?.[1]?.trim() ?? '',
      needs: [...metadata.matchAll(/^Requires-Dist: (.+)$/gm)].filter(
        ([, line = '']) => !/extra\s*==/.test(line)
      ).length,
      commands: [...imports, ...scripts]
    }
  } finally {
    await wheel.archive.close()
  }
}

/** Packages and modules at the top of the wheel; those of tests and examples ask for more than the package does. */
function modulesOf(paths: readonly string[]): string[] {
  const names = paths.flatMap((name) => /^([A-Za-z_]\w*)(?:\/__init__\.py|\.py)$/.exec(name)?.[1] ?? [])
  return [...new Set(names)].filter((name) => folderReason(`${name}/x`) === undefined).sort()
}
