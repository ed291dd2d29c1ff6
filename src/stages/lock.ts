import path from 'node:path'
import type { Lock, PythonLock } from '../documents/lock.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { formatLock } from '../lock/lock-file.ts'
import { explainLock, lockChanges } from '../lock/changes.ts'
import { TagproofError } from '../platform/errors.ts'
import { writeFileAtomic } from '../platform/files.ts'
import { wheelTargetOf } from '../targets/discover.ts'
import { isNamedForBuilds } from '../targets/python/debian-packages.ts'
import { refuseOtherLanguages } from '../targets/python/other-languages.ts'
import { readBuildSystem, targetPyproject } from '../targets/python/requires.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import type { StageContext } from './context.ts'
import { lockGitInputs } from './git-inputs.ts'
import { imageNeeds, lockBases, pinningDiffs, takesRequirements, type ImageNeeds } from './lock-images.ts'
import { lockPython } from './lock-python.ts'
import { lockRequirements } from './lock-requirements.ts'
import { debianPackagesOf, lockRoot, type LockedRoot } from './lock-roots.ts'
import { toolsRoot } from './places.ts'
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
  /** Lines of Dockerfiles to change so that they name their bases by digest: unified diffs. */
  pins: string[]
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
      pins: await pinningDiffs(source, next.images),
      file: path.resolve(options.to)
    }
  } finally {
    await source.repository.close()
  }
}

/** {@link lock} for a source that is open already; writes nothing but the cache. */
export async function lockSource(context: StageContext, source: Source, options: LockOptions): Promise<Lock> {
  const previous = options.upgrade === true ? null : (source.lock?.value ?? null)
  const { targets } = source
  for (const target of targets) if (target.kind === 'python') await refuseLanguages(source, target)
  const git = await lockGitInputs(context, source, previous)
  const images = await imageNeeds(source)
  const roots = new Map<string, LockedRoot>()
  for (const name of rootNames(targets, images))
    roots.set(name, await lockRoot(context, source, name, previous, []))
  const python: Record<string, PythonLock> = {}
  for (const target of targets)
    if (target.kind === 'python')
      python[target.name] = await lockTarget(context, source, target, roots, previous)
    else if (takesRequirements(target, images))
      python[target.name] = await lockRequirements(
        context,
        source,
        target,
        resolverRoot(target, targets, roots),
        previous?.python[target.name]
      )
  const locked = Object.fromEntries([...roots].map(([name, root]) => [name, root.lock]))
  const bases = await lockBases(context, source, images, previous)
  return {
    schema: 'tagproof/lock/1',
    roots: locked,
    python,
    ...(Object.keys(bases).length === 0 ? {} : { images: bases }),
    ...(Object.keys(git).length === 0 ? {} : { git })
  }
}

/** An image has a root only where it is made of one; where no root brings a compiler, there is one of tools. */
function rootNames(targets: readonly PlanTarget[], images: ImageNeeds): Set<string> {
  const names = targets
    .filter((target) => target.kind !== 'image' || images.root.has(target.name))
    .map((target) => target.root)
  const compiled = targets.some((target) => target.kind !== 'image')
  return new Set(compiled ? names : [...names, toolsRoot])
}

/** Packages are chosen for the interpreter of the root that the wheel is built in; a deb has its own. */
function resolverRoot(
  target: PlanTarget,
  targets: readonly PlanTarget[],
  roots: ReadonlyMap<string, LockedRoot>
): PreparedRoot {
  const name = target.kind === 'deb' ? target.root : wheelTargetOf(target, targets)?.root
  const root = roots.get(name ?? target.root)
  if (root !== undefined) return root.prepared
  throw new TagproofError(
    'config-invalid',
    `There is no root to choose the requirements of ${target.name} for.`,
    {
      fix: 'List the Python target whose wheel it takes under `targets:`.'
    }
  )
}

/** Where a backend does not start for want of a program or a header, its root gets the package that brings it. */
async function lockTarget(
  context: StageContext,
  source: Source,
  target: PlanTarget,
  roots: Map<string, LockedRoot>,
  previous: Lock | null
): Promise<PythonLock> {
  const root = roots.get(target.root) ?? (await lockRoot(context, source, target.root, previous, []))
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
    roots.set(target.root, await lockRoot(context, source, target.root, previous, more))
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
