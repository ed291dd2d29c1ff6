import { mkdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import type { Lock, RootLock } from '../documents/lock.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Inputs } from '../lock/inputs.ts'
import { TagproofError } from '../platform/errors.ts'
import { wheelTargetOf } from '../targets/discover.ts'
import { makeEnvironment } from '../targets/python/sdist.ts'
import { clockLibraryPath } from '../worlds/clock.ts'
import { rootFacts } from '../worlds/facts.ts'
import { prepareRoot, type PreparedRoot } from '../worlds/root.ts'
import { signalOf, type StageContext } from './context.ts'
import { fetch } from './fetch.ts'

/** What a target is built in, the same for both worlds. */
export interface BuildPlace {
  /** Of the lock. */
  rootName: string
  root: PreparedRoot
  rootLock: RootLock
  /** Folder of the build environment of a Python target, mounted read-only; null for other kinds. */
  environment: string | null
}

/** What all targets are built in, and from. */
export interface BuildPlaces {
  of(target: PlanTarget): BuildPlace
  lock: Lock
  inputs: Inputs
  /** The later clock of world b as a file of the host, from a root that has a compiler; null where none has. */
  clockLibrary: string | null
}

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
  for (const target of plan.targets)
    places.set(target.name, await makePlace(context, plan, target, { lock, inputs, folder }))
  return {
    lock,
    inputs,
    of(target) {
      const place = places.get(target.name)
      if (place !== undefined) return place
      throw new TagproofError('internal', `Target ${target.name} has no place to be built in.`)
    },
    clockLibrary: await clockLibraryOf(context, lock, inputs, [...places.values()])
  }
}

interface Materials {
  lock: Lock
  inputs: Inputs
  folder: string
}

async function makePlace(
  context: StageContext,
  plan: Plan,
  target: PlanTarget,
  { lock, inputs, folder }: Materials
): Promise<BuildPlace> {
  const rootName = rootNameOf(target, plan, lock)
  const rootLock = lock.roots[rootName]
  if (rootLock === undefined) throw incomplete(target, `no root ${rootName}`)
  const common = { log: context.log, ...signalOf(context) }
  const root = await prepareRoot(rootName, rootLock, inputs, { cache: context.cache, ...common })
  if (target.kind !== 'python') return { rootName, root, rootLock, environment: null }
  const locked = lock.python[target.name]
  if (locked === undefined) throw incomplete(target, 'no build environment for it')
  const environment = path.join(folder, target.name)
  await makeEnvironment(locked, environment, {
    root,
    epoch: plan.tag.epoch,
    limits: plan.limits,
    file: (entry) => inputs.python(entry),
    ...common
  })
  return { rootName, root, rootLock, environment }
}

/** An image that is not made of the Debian root has none of its own; what is asked of a root is asked of another one. */
export function rootNameOf(target: PlanTarget, plan: Plan, lock: Lock): string {
  if (target.kind !== 'image' || lock.roots[target.root] !== undefined) return target.root
  return wheelTargetOf(target, plan.targets)?.root ?? Object.keys(lock.roots)[0] ?? target.root
}

function incomplete(target: PlanTarget, found: string): TagproofError {
  return new TagproofError('lock-incomplete', `The lock has nothing for target ${target.name}.`, {
    found,
    fix: 'Run tagproof lock, commit the lock, and tag that commit.'
  })
}

/** Roots of packages alone have no compiler; then the lock has a root of tools beside them. */
async function clockLibraryOf(
  context: StageContext,
  lock: Lock,
  inputs: Inputs,
  places: readonly BuildPlace[]
): Promise<string | null> {
  for (const { root } of places)
    if ((await rootFacts(root.path)).clockLibrary !== null) return path.join(root.path, clockLibraryPath)
  const tools = lock.roots[toolsRoot]
  if (tools === undefined) return null
  const common = { log: context.log, ...signalOf(context) }
  const root = await prepareRoot(toolsRoot, tools, inputs, { cache: context.cache, ...common })
  return path.join(root.path, clockLibraryPath)
}

/** The root that is locked for its compiler, where no target's root has one. */
export const toolsRoot = 'tools'
