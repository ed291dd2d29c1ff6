import { access } from 'node:fs/promises'
import path from 'node:path'
import type { PlannedGit } from '../documents/git-inputs.ts'
import type { Lock, RootLock } from '../documents/lock.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { fetchInputs, type Inputs } from '../lock/inputs.ts'
import { TagproofError } from '../platform/errors.ts'
import { noEvidence, type BaseImage, type TraceEvidence } from '../proof/trace/evidence.ts'
import type { Graft } from '../source/grafts.ts'
import { hasRootImage } from '../targets/image/root-image.ts'
import { rootHash } from '../worlds/root-maker.ts'
import type { StageContext } from './context.ts'
import { graftInputs, planGit } from './git-inputs.ts'
import { keptList, reinstalled } from './reinstall.ts'
import type { Source } from './source.ts'
import { dependenciesOf, lockedBases, rootBase } from './trace-evidence.ts'

/**
 * What the lock of the traced tree names, as far as earlier runs have left it in the cache: dependencies, base images, the
 * list of the root. Nothing is fetched or made. Null where there is no lock, or the target takes nothing from it.
 */
export async function lockedEvidence(
  context: StageContext,
  source: Source,
  target: PlanTarget | null
): Promise<TraceEvidence | null> {
  const lock = source.lock?.value
  if (lock === undefined || target === null || target.kind === 'python') return null
  const others = { ...lock, git: {} }
  const inputs = await fetchInputs(others, {
    store: path.join(context.cache, 'inputs'),
    sources: source.config.value.sources,
    offline: true,
    log: context.log
  }).catch((error: unknown) => {
    if (error instanceof TagproofError && error.code === 'input-missing') return null
    throw error
  })
  if (inputs === null) return null
  return {
    ...noEvidence,
    ...(await dependenciesOf(lock.python[target.name], inputs)),
    ...(await rootEvidence(context, target, lock.roots[target.root])),
    bases: target.kind === 'image' ? await basesOf(context, target, lock, inputs) : []
  }
}

/**
 * The git inputs that the lock of the traced tree names, as far as the cache has them: nothing is fetched. What is of one
 * that is not there stays untraced.
 */
export async function keptGrafts(
  context: StageContext,
  { repository, config, targets, lock }: Source
): Promise<{ git: PlannedGit[]; grafts: Graft[] }> {
  if (lock === null) return { git: [], grafts: [] }
  const git = planGit(config.value, targets, lock.value)
  const { sources } = config.value
  const grafts = await graftInputs(context, repository, git, {
    lock: lock.value,
    sources,
    offline: true
  }).catch((error: unknown) => {
    if (!(error instanceof TagproofError) || error.code !== 'input-missing') throw error
    context.log.warn('The git inputs of the lock are not in the cache: tagproof fetch brings them.')
    return []
  })
  return { git, grafts }
}

/** The list of the root's files, where an earlier run has made it. */
async function rootEvidence(
  { cache, log }: StageContext,
  target: PlanTarget,
  rootLock: RootLock | undefined
): Promise<Pick<TraceEvidence, 'packages' | 'roots'>> {
  const hash = rootLock === undefined ? null : rootHash(rootLock)
  if (rootLock === undefined || hash === null || !(await exists(keptList(cache, hash))))
    return { packages: [], roots: [] }
  const own = await reinstalled({ name: target.root, root: { path: '', hash }, rootLock, cache, log })
  return { packages: own.packages, roots: [own.root] }
}

/** Base images of the lock, and the image of the root, where an earlier run has made it. */
async function basesOf(
  { cache, log }: StageContext,
  target: PlanTarget,
  { images = {}, roots }: Lock,
  inputs: Inputs
): Promise<BaseImage[]> {
  const bases = await lockedBases(images, inputs)
  const rootLock = roots[target.root]
  const hash = rootLock === undefined ? null : rootHash(rootLock)
  if (rootLock === undefined || hash === null || !(await hasRootImage(cache, hash))) return bases
  return [...bases, await rootBase({ root: { path: '', hash }, rootLock, cache, log })]
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
