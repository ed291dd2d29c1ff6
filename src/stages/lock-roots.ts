import type { Lock, RootLock } from '../documents/lock.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { readTextOf } from '../source/tree-text.ts'
import { resolveRoot } from '../lock/debian.ts'
import { debRootRequest } from '../lock/build-depends.ts'
import { venvRelations } from '../targets/deb/venv/root-request.ts'
import { isNamedForBuilds } from '../targets/python/debian-packages.ts'
import {
  debRootPackages,
  imageRootPackages,
  pythonRootPackages,
  toolsRootPackages
} from '../worlds/root-packages.ts'
import { prepareRoot, type PreparedRoot } from '../worlds/root.ts'
import { signalOf, type StageContext } from './context.ts'
import { inputsOf } from './lock-python.ts'
import { toolsRoot } from './places.ts'
import type { Source } from './source.ts'

/** A root that is locked, and made. */
export interface LockedRoot {
  lock: RootLock
  prepared: PreparedRoot
}

/** What a root is asked to hold. */
export interface RootRequest {
  packages: readonly string[]
  /** Relations with versions and alternatives, as in `Build-Depends`. */
  relations: readonly string[]
  /** By relation, where it is written. */
  places: Readonly<Record<string, string>>
}

/**
 * Locks a root, unless the lock already names what is asked for, and makes it.
 *
 * @param added packages that an earlier try has found missing
 */
export async function lockRoot(
  context: StageContext,
  source: Source,
  name: string,
  previous: Lock | null,
  added: readonly string[]
): Promise<LockedRoot> {
  const lock = await resolve(context, source, name, previous, added)
  const inputs = await inputsOf(context, source, { roots: { [name]: lock } })
  const prepared = await prepareRoot(name, lock, inputs, {
    cache: context.cache,
    log: context.log,
    ...signalOf(context)
  })
  return { lock, prepared }
}

async function resolve(
  context: StageContext,
  source: Source,
  name: string,
  previous: Lock | null,
  added: readonly string[]
): Promise<RootLock> {
  const config = source.config.value
  const { suite } = config.roots[name] ?? {}
  const request = await requestFor(source, name, added)
  const requested = [...new Set([...request.packages, ...request.relations])].sort()
  const kept = previous?.roots[name]
  if (kept !== undefined && sameBut(kept.requested, requested) && (suite ?? kept.suite) === kept.suite)
    return kept
  const progress = context.log.begin(`lock: root ${name}`)
  try {
    const resolved = await resolveRoot({
      ...request,
      ...(suite === undefined ? {} : { suite }),
      ...(config.sources.mirror === undefined ? {} : { mirror: config.sources.mirror }),
      ...signalOf(context),
      log: context.log
    })
    progress.done(`${resolved.suite}: ${resolved.packages.length} packages`)
    return resolved
  } catch (error) {
    progress.failed()
    throw error
  }
}

async function requestFor(source: Source, name: string, added: readonly string[]): Promise<RootRequest> {
  const targets = source.targets.filter((target) => target.root === name)
  const packages = new Set([...(source.config.value.roots[name]?.packages ?? []), ...added])
  const places: Record<string, string> = {}
  if (name === toolsRoot) for (const tool of toolsRootPackages) packages.add(tool)
  for (const target of targets) {
    for (const one of [...usualPackages(target), ...debianPackagesOf(source, target)]) packages.add(one)
    if (target.deb?.mode === 'venv') Object.assign(places, venvRelations(target.deb.venv, target.name))
    if (target.deb?.mode !== 'debian') continue
    const asked = await buildDependsOf(source, target)
    for (const one of asked.packages) packages.add(one)
    Object.assign(places, asked.places)
  }
  return { packages: [...packages].sort(), relations: Object.keys(places).sort(), places }
}

function usualPackages(target: PlanTarget): readonly string[] {
  if (target.kind === 'python') return pythonRootPackages
  if (target.kind === 'image') return imageRootPackages
  return target.deb?.mode === 'venv' ? [...pythonRootPackages, ...debRootPackages] : debRootPackages
}

/** What the build dependencies of a `debian/` ask of its root. */
export async function buildDependsOf(source: Source, target: PlanTarget): Promise<RootRequest> {
  const path = target.path === '.' ? 'debian/control' : `${target.path}/debian/control`
  return debRootRequest((await readTextOf(source.repository, source.entries, path)) ?? '', path)
}

/** What the configuration asks for besides, for one target. */
export function debianPackagesOf(source: Source, target: PlanTarget): string[] {
  return (
    source.config.value.targets?.find((entry) => (entry.name ?? entry.kind) === target.name)?.packages ?? []
  )
}

/** A lock may hold what an earlier run has added for the backend. */
function sameBut(kept: readonly string[], requested: readonly string[]): boolean {
  const beyond = kept.filter((name) => !requested.includes(name))
  return requested.every((name) => kept.includes(name)) && beyond.every(isNamedForBuilds)
}
