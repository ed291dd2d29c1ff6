import path from 'node:path'
import type { Lock, PythonLock, RootLock } from '../documents/lock.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { resolveRoot } from '../lock/debian.ts'
import { fetchInputs, type Inputs } from '../lock/inputs.ts'
import { formatLock } from '../lock/lock-file.ts'
import { explainLock, lockChanges } from '../lock/changes.ts'
import { resolvePython } from '../lock/python.ts'
import { withTemporaryFolder, writeFileAtomic } from '../platform/files.ts'
import { writeExports } from '../source/export.ts'
import { installEnvironment } from '../targets/python/environment.ts'
import { dynamicRequires, staticRequires } from '../targets/python/requires.ts'
import { prepareRoot, pythonRootPackages, type PreparedRoot } from '../worlds/root.ts'
import { signalOf, type StageContext } from './context.ts'
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
 * machine's package archive, the Python packages from the configured index, as wheels.
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
  const roots: Record<string, RootLock> = {}
  const prepared = new Map<string, PreparedRoot>()
  for (const name of new Set(source.targets.map((target) => target.root))) {
    roots[name] = await rootLock(context, source, name, previous)
    prepared.set(name, await rootFor(context, source, name, roots[name]))
  }
  const python: Record<string, PythonLock> = {}
  for (const target of source.targets) {
    const root = prepared.get(target.root)
    if (target.kind === 'python' && root !== undefined)
      python[target.name] = await pythonLock(context, source, target, root, previous?.python[target.name])
  }
  return { schema: 'tagproof/lock/1', roots, python }
}

async function rootLock(
  context: StageContext,
  source: Source,
  name: string,
  previous: Lock | null
): Promise<RootLock> {
  const config = source.config.value
  const settings = config.roots[name]
  const packages = new Set([
    ...pythonRootPackages,
    ...(settings?.packages ?? []),
    ...source.targets
      .filter((target) => target.root === name)
      .flatMap((target) => debianPackagesOf(source, target))
  ])
  const requested = [...packages].sort()
  const kept = previous?.roots[name]
  if (
    kept !== undefined &&
    sameList(kept.requested, requested) &&
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

function sameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index])
}

async function rootFor(
  context: StageContext,
  source: Source,
  name: string,
  locked: RootLock
): Promise<PreparedRoot> {
  const inputs = await inputsOf(context, source, {
    schema: 'tagproof/lock/1',
    roots: { [name]: locked },
    python: {}
  })
  return prepareRoot(name, locked, inputs, { cache: context.cache, log: context.log, ...signalOf(context) })
}

function inputsOf(context: StageContext, source: Source, lock: Lock): Promise<Inputs> {
  return fetchInputs(lock, {
    store: path.join(context.cache, 'inputs'),
    sources: source.config.value.sources,
    log: context.log
  })
}

/**
 * Two steps, since a backend may ask for more once it runs: first the requirements that the project states,
 * then, in a world that holds just those, what its hooks add.
 */
async function pythonLock(
  context: StageContext,
  source: Source,
  target: PlanTarget,
  root: PreparedRoot,
  previous: PythonLock | undefined
): Promise<PythonLock> {
  const progress = context.log.begin(`lock: python requirements of ${target.name}`)
  try {
    const resolve = (requested: string[]): Promise<PythonLock> =>
      resolvePython({
        root,
        requested,
        allowSdists: allowedSdists(source, target),
        log: context.log,
        ...(previous === undefined ? {} : { previous })
      })
    const stated = await staticRequires(source.repository, source.entries, target)
    const first = await resolve(stated)
    const added = await withTemporaryFolder('tagproof-lock', async (folder) => {
      const exports = await writeExports(source.repository, source.tag, {
        folder,
        inputs: source.config.value.inputs,
        targets: source.targets,
        log: context.log
      })
      const inputs = await inputsOf(context, source, {
        schema: 'tagproof/lock/1',
        roots: {},
        python: { [target.name]: first }
      })
      const environment = path.join(folder, 'environment')
      await installEnvironment(
        first.packages.map((entry) => inputs.python(entry)),
        environment,
        root
      )
      return dynamicRequires({
        target,
        root,
        environment,
        exportTar: path.join(folder, exports.exports.a.file),
        epoch: source.tag.epoch,
        limits: source.config.value.limits,
        log: context.log
      })
    })
    const missing = added.filter((requirement) => !stated.includes(requirement))
    const final = missing.length === 0 ? first : await resolve([...stated, ...missing])
    progress.done(`${final.packages.length} packages`)
    return final
  } catch (error) {
    progress.failed()
    throw error
  }
}

function allowedSdists(source: Source, target: PlanTarget): string[] {
  return (
    source.config.value.targets?.find((entry) => (entry.name ?? entry.kind) === target.name)?.[
      'allow-sdists'
    ] ?? []
  )
}
