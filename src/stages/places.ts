import { mkdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import type { Plan } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import { makeEnvironment } from '../targets/python/sdist.ts'
import { prepareRoot, type PreparedRoot } from '../worlds/root.ts'
import { signalOf, type StageContext } from './context.ts'
import { fetch } from './fetch.ts'

/** What a target is built in, the same for both worlds. */
export interface BuildPlace {
  root: PreparedRoot
  /** Folder of the build environment, mounted read-only. */
  environment: string
}

export type BuildPlaces = ReadonlyMap<string, BuildPlace>

/**
 * Makes the roots and build environments of all targets from the inputs, with no network; sdists of the lock are
 * built on the way. The environments are removed once `use` has ended; the roots stay in the cache.
 *
 * @param purpose part of the folder's name, so that two that run at once do not meet
 * @throws TagproofError `lock-incomplete`, and those of `fetch` and `prepareRoot`
 */
export async function withBuildPlaces<T>(
  context: StageContext,
  plan: Plan,
  purpose: string,
  use: (places: BuildPlaces) => Promise<T>
): Promise<T> {
  const folder = path.join(context.out.environments, purpose)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  try {
    return await use(await makePlaces(context, plan, folder))
  } finally {
    await rm(folder, { recursive: true, force: true })
    // Gone with the last one in it.
    await rmdir(context.out.environments).catch(() => undefined)
  }
}

async function makePlaces(context: StageContext, plan: Plan, folder: string): Promise<BuildPlaces> {
  const { lock, inputs } = await fetch(context, plan, { offline: true })
  const places = new Map<string, BuildPlace>()
  for (const target of plan.targets) {
    const lockedRoot = lock.roots[target.root]
    const locked = lock.python[target.name]
    if (lockedRoot === undefined || locked === undefined)
      throw new TagproofError('lock-incomplete', `The lock has nothing for target ${target.name}.`, {
        found: lockedRoot === undefined ? `no root ${target.root}` : 'no build environment for it',
        fix: 'Run tagproof lock, commit the lock, and tag that commit.'
      })
    const common = { log: context.log, ...signalOf(context) }
    const root = await prepareRoot(target.root, lockedRoot, inputs, { cache: context.cache, ...common })
    const environment = path.join(folder, target.name)
    await makeEnvironment(locked, environment, {
      root,
      epoch: plan.tag.epoch,
      limits: plan.limits,
      file: (entry) => inputs.python(entry),
      ...common
    })
    places.set(target.name, { root, environment })
  }
  return places
}
