import path from 'node:path'
import type { Lock, PythonLock, PythonPackage } from '../documents/lock.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { fetchInputs, type Inputs } from '../lock/inputs.ts'
import { resolveWithBackend } from '../lock/python.ts'
import type { SdistWorkshop } from '../lock/sdists.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import { writeExports } from '../source/export.ts'
import { interpreterOf } from '../targets/python/environment.ts'
import { dynamicRequires, staticRequires } from '../targets/python/requires.ts'
import {
  buildSdist,
  makeEnvironment,
  sdistAsks,
  sdistStates,
  type EnvironmentRequest
} from '../targets/python/sdist.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import { signalOf, type StageContext } from './context.ts'
import type { Source } from './source.ts'

/**
 * Locks the build environment of a Python target: what the project states, and what its backend asks for once it
 * runs, in a world that holds just the former.
 */
export async function lockPython(
  context: StageContext,
  source: Source,
  target: PlanTarget,
  root: PreparedRoot,
  previous: PythonLock | undefined
): Promise<PythonLock> {
  const progress = context.log.begin(`lock: python requirements of ${target.name}`)
  try {
    const locked = await withTemporaryFolder('tagproof-lock', async (folder) => {
      const lockRoom: LockRoom = { context, source, root, folder }
      return resolveWithBackend(
        {
          root,
          requested: await staticRequires(source.repository, source.entries, target),
          allowSdists: allowedSdists(source, target),
          workshop: await workshopIn(lockRoom),
          log: context.log,
          ...(previous === undefined ? {} : { previous }),
          ...signalOf(context)
        },
        (first) => askBackend(lockRoom, target, first)
      )
    })
    progress.done(`${locked.packages.length} packages`)
    return locked
  } catch (error) {
    progress.failed()
    throw error
  }
}

/** Fetches what a part of a lock names. */
export function inputsOf(
  context: StageContext,
  source: Source,
  part: Partial<Pick<Lock, 'roots' | 'python'>>
): Promise<Inputs> {
  return fetchInputs(
    { schema: 'tagproof/lock/1', roots: {}, python: {}, ...part },
    {
      store: path.join(context.cache, 'inputs'),
      sources: source.config.value.sources,
      log: context.log,
      ...signalOf(context)
    }
  )
}

/** What a resolution needs besides packages; `folder` is temporary. */
export interface LockRoom {
  context: StageContext
  source: Source
  root: PreparedRoot
  folder: string
}

async function askBackend(
  lockRoom: LockRoom,
  target: PlanTarget,
  first: PythonLock
): Promise<Record<string, string[]>> {
  const { context, source, folder } = lockRoom
  const exports = await writeExports(source.repository, source.tag, {
    folder,
    inputs: source.config.value.inputs,
    targets: source.targets,
    log: context.log
  })
  const environment = path.join(folder, 'environment')
  const request = await environmentRequest(lockRoom, first)
  await makeEnvironment(first, environment, request)
  const exportTar = path.join(folder, exports.exports.a.file)
  return dynamicRequires({ ...request, target, environment, exportTar })
}

/** Everything is fetched, hash-checked, before it is looked into or built. */
export async function workshopIn(lockRoom: LockRoom): Promise<SdistWorkshop> {
  const made = new Map<string, Promise<unknown>>()
  /** Both steps of a resolution ask for the same. */
  const once = <T>(what: string, sdist: PythonPackage, builtWith: PythonLock, make: () => Promise<T>) => {
    const key = JSON.stringify([what, sdist.sha256, builtWith])
    const known = (made.get(key) as Promise<T> | undefined) ?? make()
    made.set(key, known)
    return known
  }
  const requestFor = (sdist: PythonPackage, builtWith: PythonLock): Promise<EnvironmentRequest> =>
    environmentRequest(lockRoom, { ...builtWith, packages: [...builtWith.packages, sdist] })
  return {
    interpreter: await interpreterOf(lockRoom.root),
    async stated(sdist) {
      const alone: PythonLock = { interpreter: '3.0', requested: [], packages: [sdist] }
      return sdistStates(sdist, (await environmentRequest(lockRoom, alone)).file(sdist))
    },
    asked: (sdist, builtWith) =>
      once('asked', sdist, builtWith, async () =>
        sdistAsks(sdist, builtWith, await requestFor(sdist, builtWith))
      ),
    build: (sdist, builtWith) =>
      once('build', sdist, builtWith, async () => {
        const folder = path.join(lockRoom.folder, `wheel-${made.size}`)
        return buildSdist(sdist, builtWith, folder, await requestFor(sdist, builtWith))
      })
  }
}

async function environmentRequest(
  { context, source, root }: LockRoom,
  locked: PythonLock
): Promise<EnvironmentRequest> {
  const inputs = await inputsOf(context, source, { python: { python: locked } })
  return {
    root,
    epoch: source.tag.epoch,
    limits: source.config.value.limits,
    log: context.log,
    file: (entry) => inputs.python(entry),
    ...signalOf(context)
  }
}

/** Projects that a target allows to be taken as an sdist. */
export function allowedSdists(source: Source, target: PlanTarget): string[] {
  return (
    source.config.value.targets?.find((entry) => (entry.name ?? entry.kind) === target.name)?.[
      'allow-sdists'
    ] ?? []
  )
}
