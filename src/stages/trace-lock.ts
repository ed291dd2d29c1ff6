import { access } from 'node:fs/promises'
import path from 'node:path'
import type { PlanTarget } from '../documents/plan.ts'
import { fetchInputs } from '../lock/inputs.ts'
import { TagproofError } from '../platform/errors.ts'
import { noEvidence, type TraceEvidence } from '../proof/trace/evidence.ts'
import { rootHash } from '../worlds/root-maker.ts'
import type { StageContext } from './context.ts'
import { keptList, reinstalled } from './reinstall.ts'
import type { Source } from './source.ts'
import { dependenciesOf, lockedBases } from './trace-evidence.ts'

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
  const inputs = await fetchInputs(lock, {
    store: path.join(context.cache, 'inputs'),
    sources: source.config.value.sources,
    offline: true,
    log: context.log
  }).catch((error: unknown) => {
    if (error instanceof TagproofError && error.code === 'input-missing') return null
    throw error
  })
  if (inputs === null) return null
  const { cache, log } = context
  const rootLock = lock.roots[target.root]
  const hash = rootLock === undefined ? null : rootHash(rootLock)
  const listed = hash !== null && (await exists(keptList(cache, hash)))
  const own =
    rootLock === undefined || hash === null || !listed
      ? null
      : await reinstalled({ name: target.root, root: { path: '', hash }, rootLock, cache, log })
  return {
    ...noEvidence,
    ...(await dependenciesOf(lock.python[target.name], inputs)),
    packages: own?.packages ?? [],
    roots: own === null ? [] : [own.root],
    bases: target.kind === 'image' ? await lockedBases(lock.images ?? {}, inputs) : []
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
