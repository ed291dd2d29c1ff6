import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Limits } from '../../documents/config.ts'
import type { VariationName } from '../../documents/fields.ts'
import type { Epoch, World } from '../../documents/identifiers.ts'
import { isWheel, type PythonLock, type PythonPackage } from '../../documents/lock.ts'
import type { PlanTarget } from '../../documents/plan.ts'
import { readSdist } from '../../formats/sdist.ts'
import { normalizeName } from '../../formats/metadata.ts'
import { parseWheelName } from '../../formats/wheel.ts'
import { TagproofError } from '../../platform/errors.ts'
import { withTemporaryFolder } from '../../platform/files.ts'
import type { Log } from '../../platform/log.ts'
import { sameVersion } from '../../source/version.ts'
import type { PreparedRoot } from '../../worlds/root.ts'
import { runDriver, type DriverRequest } from './driver.ts'
import { installEnvironment } from './environment.ts'
import { dynamicRequires, readBuildSystem } from './requires.ts'
import { whole } from '../../platform/pieces.ts'

/** What it takes to make a build environment from a lock. */
export interface EnvironmentRequest {
  root: PreparedRoot
  /** The `SOURCE_DATE_EPOCH` that sdists are built with. */
  epoch: Epoch
  limits: Limits
  log: Log
  signal?: AbortSignal
  /** The world that sdists are built in; by default the calm one. */
  world?: World
  /** Variations that are left out there. */
  off?: readonly VariationName[]
  /** Where the file of a locked package lies, hash-checked. */
  file(entry: PythonPackage): string
}

/**
 * Makes the build environment that a lock describes. Wheels are installed as they are; an sdist is built into one
 * first, without a network, in an environment of its own that holds what the lock says.
 *
 * @param folder is made, whole or not at all
 * @throws TagproofError as installEnvironment, {@link runDriver} and {@link buildSdist}
 */
export async function makeEnvironment(
  locked: PythonLock,
  folder: string,
  request: EnvironmentRequest
): Promise<void> {
  await withTemporaryFolder('tagproof-requirements', async (work) => {
    await installEnvironment(await wheelsOf(locked, work, request), folder, request.root)
  })
}

/**
 * The wheels of a lock, in its order: those that it names, and those that its sdists are built into.
 *
 * @param work receives the latter, each in a folder of its own
 * @throws TagproofError as {@link buildSdist}
 */
export async function wheelsOf(
  locked: PythonLock,
  work: string,
  request: EnvironmentRequest
): Promise<string[]> {
  const wheels: string[] = []
  for (const entry of locked.packages)
    wheels.push(
      isWheel(entry)
        ? request.file(entry)
        : await buildSdist(entry, builtWith(locked, entry), path.join(work, entry.name), request)
    )
  return wheels
}

/**
 * Builds a locked sdist.
 *
 * @param environment what it is built with
 * @param folder receives the wheel alone
 * @returns path of the wheel
 * @throws TagproofError as {@link runDriver}; `build-output` if the wheel is of another project or version
 */
export async function buildSdist(
  sdist: PythonPackage,
  environment: PythonLock,
  folder: string,
  request: EnvironmentRequest
): Promise<string> {
  const progress = request.log.begin(`build requirement ${sdist.file}`)
  try {
    await mkdir(folder, { recursive: true })
    const wheel = await withEnvironment(environment, request, async (installed) => {
      const { world = 'a', off = [] } = request
      const driven = { ...driverRequest(sdist, installed, request), world, off, folder }
      const ended = await runDriver('build', { ...driven, onLine: (line) => progress.line(line) })
      const { result } = ended
      // Only what came out of the world counts, not what is said of it.
      return ended.world.files.find((name) => name === result.wheel)
    })
    const checked = checkedWheel(sdist, wheel)
    progress.done(checked)
    return path.join(folder, checked)
  } catch (error) {
    progress.failed()
    throw error
  }
}

/** What the backend of an sdist asks for beyond what the sdist states, by the name of the hook. */
export function sdistAsks(
  sdist: PythonPackage,
  environment: PythonLock,
  request: EnvironmentRequest
): Promise<Record<string, string[]>> {
  return withEnvironment(environment, request, (installed) =>
    dynamicRequires({ ...driverRequest(sdist, installed, request), log: request.log })
  )
}

const largestPyproject = 1024 * 1024

/**
 * `build-system.requires` of an sdist; no code of it runs.
 *
 * @throws TagproofError `archive-invalid`, `config-invalid`
 */
export async function sdistStates(sdist: PythonPackage, file: string): Promise<string[]> {
  let pyproject: string | null = null
  for await (const entry of readSdist(file)) {
    if (!/^[^/]+\/pyproject\.toml$/.test(entry.path) || entry.kind !== 'file') continue
    if (entry.size > largestPyproject)
      throw new TagproofError('archive-invalid', `${entry.path} of ${sdist.file} is too large.`, {
        found: `${entry.size} bytes`,
        expected: `at most ${largestPyproject} bytes`,
        fix: 'Lock another version of it.'
      })
    pyproject = (await whole(entry.content)).toString('utf8')
  }
  return readBuildSystem(pyproject, `${sdist.file}/pyproject.toml`).requires
}

function withEnvironment<T>(
  locked: PythonLock,
  request: EnvironmentRequest,
  use: (folder: string) => Promise<T>
): Promise<T> {
  return withTemporaryFolder('tagproof-environment', async (work) => {
    const folder = path.join(work, 'environment')
    await makeEnvironment(locked, folder, request)
    return use(folder)
  })
}

function builtWith(locked: PythonLock, sdist: PythonPackage): PythonLock {
  const environment = locked.sdists?.[sdist.file]
  if (environment !== undefined) return { ...locked, ...environment }
  throw new TagproofError('lock-incomplete', `The lock does not say what ${sdist.file} is built with.`, {
    fix: 'Run tagproof lock, commit the lock, and tag that commit.'
  })
}

function driverRequest(
  sdist: PythonPackage,
  environment: string,
  request: EnvironmentRequest
): Omit<DriverRequest, 'world' | 'folder'> {
  const { root, epoch, limits, signal } = request
  // It is built like a target, so messages name it like one.
  const target: PlanTarget = { kind: 'python', name: sdist.file, path: '.', root: 'python' }
  const more = signal === undefined ? {} : { signal }
  return { target, epoch, root, limits, environment, exportTar: null, sdist: request.file(sdist), ...more }
}

/** A wheel of another project would be installed under a name that the lock does not hold. */
function checkedWheel(sdist: PythonPackage, file: string | undefined): string {
  const found = file === undefined ? undefined : parseWheelName(file)
  const right =
    found !== undefined &&
    normalizeName(found.name) === sdist.name &&
    sameVersion(found.version.replaceAll('_', '-'), sdist.version)
  if (file !== undefined && right) return file
  throw new TagproofError('build-output', `The sdist ${sdist.file} does not build its own wheel.`, {
    found: file ?? 'no wheel',
    expected: `a wheel of ${sdist.name} ${sdist.version}`,
    fix: 'The sdist is broken; lock another version of it.'
  })
}
