import path from 'node:path'
import type { Lock, PythonLock, RootLock } from '../documents/lock.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { resolveRoot } from '../lock/debian.ts'
import { formatLock } from '../lock/lock-file.ts'
import { explainLock, lockChanges } from '../lock/changes.ts'
import { writeFileAtomic } from '../platform/files.ts'
import { prepareRoot, pythonRootPackages, type PreparedRoot } from '../worlds/root.ts'
import { TagproofError } from '../platform/errors.ts'
import { isNamedForBuilds } from '../targets/python/debian-packages.ts'
import { refuseOtherLanguages } from '../targets/python/other-languages.ts'
import { readBuildSystem, targetPyproject } from '../targets/python/requires.ts'
import { signalOf, type StageContext } from './context.ts'
import { inputsOf, lockPython } from './lock-python.ts'
import { openHead, type Source, type SourceOptions } from './source.ts'

export interface LockOptions {
  /** Take the newest versions, rather than keep what the committed lock names. */
  upgrade?: boolean
}

export interface LockResult {
  lock: Lock
  /** What changed against the committed lock, a line each. */
  changes: string[]
  /** Who asked for each package, a line each. */
  explanation: string[]
  /** Where the lock was written. */
  file: string
}

/**
 * Resolves what the builds need, and writes the lock. The roots come from the signed indexes of the
 * machine's package archive, the Python packages from the configured index: wheels, and sdists that are allowed.
 */
export async function lock(
  context: StageContext,
  options: SourceOptions & LockOptions & { to: string }
): Promise<LockResult> {
  const source = await openHead(context, options)
  try {
    const next = await lockSource(context, source, options)
    await writeFileAtomic(options.to, formatLock(next))
    return {
      lock: next,
      changes: lockChanges(source.lock?.value ?? null, next),
      explanation: explainLock(next),
      file: path.resolve(options.to)
    }
  } finally {
    await source.repository.close()
  }
}

/** {@link lock} for a source that is open already; writes nothing but the cache. */
export async function lockSource(context: StageContext, source: Source, options: LockOptions): Promise<Lock> {
  const previous = options.upgrade === true ? null : (source.lock?.value ?? null)
  for (const target of source.targets) if (target.kind === 'python') await refuseLanguages(source, target)
  const roots = new Map<string, Root>()
  for (const name of new Set(source.targets.map((target) => target.root)))
    roots.set(name, await makeRoot(context, source, name, previous, []))
  const python: Record<string, PythonLock> = {}
  for (const target of source.targets)
    if (target.kind === 'python')
      python[target.name] = await lockTarget(context, source, target, roots, previous)
  const locked = Object.fromEntries([...roots].map(([name, root]) => [name, root.lock]))
  return { schema: 'tagproof/lock/1', roots: locked, python }
}

interface Root {
  lock: RootLock
  prepared: PreparedRoot
}

async function makeRoot(
  context: StageContext,
  source: Source,
  name: string,
  previous: Lock | null,
  added: readonly string[]
): Promise<Root> {
  const lock = await rootLock(context, source, name, previous, added)
  return { lock, prepared: await rootFor(context, source, name, lock) }
}

/** Where a backend does not start for want of a program or a header, its root gets the package that brings it. */
async function lockTarget(
  context: StageContext,
  source: Source,
  target: PlanTarget,
  roots: Map<string, Root>,
  previous: Lock | null
): Promise<PythonLock> {
  const root = roots.get(target.root) ?? (await makeRoot(context, source, target.root, previous, []))
  try {
    return await lockPython(context, source, target, root.prepared, previous?.python[target.name])
  } catch (error) {
    const asked = error instanceof TagproofError ? (error.detail.debianPackages ?? []) : []
    const added = asked.filter((name) => !root.lock.requested.includes(name))
    if (added.length === 0) throw error
    context.log.warn(
      `The backend of ${target.name} asks for ${added.join(', ')}: added to the root ${target.root}.`
    )
    const more = [...root.lock.requested.filter(isNamedForBuilds), ...added]
    roots.set(target.root, await makeRoot(context, source, target.root, previous, more))
    return lockTarget(context, source, target, roots, previous)
  }
}

async function refuseLanguages(source: Source, target: PlanTarget): Promise<void> {
  const folder = target.path === '.' ? '' : `${target.path}/`
  const pyproject = await targetPyproject(source.repository, source.entries, target)
  refuseOtherLanguages(target, {
    requires: readBuildSystem(pyproject, `${folder}pyproject.toml`).requires,
    pyproject,
    paths: source.entries
      .filter((entry) => entry.path.startsWith(folder))
      .map((entry) => entry.path.slice(folder.length)),
    packages: [
      ...(source.config.value.roots[target.root]?.packages ?? []),
      ...debianPackagesOf(source, target)
    ]
  })
}

async function rootLock(
  context: StageContext,
  source: Source,
  name: string,
  previous: Lock | null,
  added: readonly string[]
): Promise<RootLock> {
  const config = source.config.value
  const settings = config.roots[name]
  const packages = new Set([
    ...pythonRootPackages,
    ...(settings?.packages ?? []),
    ...added,
    ...source.targets
      .filter((target) => target.root === name)
      .flatMap((target) => debianPackagesOf(source, target))
  ])
  const requested = [...packages].sort()
  const kept = previous?.roots[name]
  if (
    kept !== undefined &&
    sameBut(kept.requested, requested) &&
    (settings?.suite ?? kept.suite) === kept.suite
  )
    return kept
  const progress = context.log.begin(`lock: root ${name}`)
  try {
    const resolved = await resolveRoot({
      packages: requested,
      ...(settings?.suite === undefined ? {} : { suite: settings.suite }),
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

function debianPackagesOf(source: Source, target: PlanTarget): string[] {
  return (
    source.config.value.targets?.find((entry) => (entry.name ?? entry.kind) === target.name)?.packages ?? []
  )
}

/** A lock may hold what an earlier run has added for the backend. */
function sameBut(kept: readonly string[], requested: readonly string[]): boolean {
  const beyond = kept.filter((name) => !requested.includes(name))
  return requested.every((name) => kept.includes(name)) && beyond.every(isNamedForBuilds)
}

async function rootFor(
  context: StageContext,
  source: Source,
  name: string,
  locked: RootLock
): Promise<PreparedRoot> {
  const inputs = await inputsOf(context, source, { roots: { [name]: locked } })
  return prepareRoot(name, locked, inputs, { cache: context.cache, log: context.log, ...signalOf(context) })
}
