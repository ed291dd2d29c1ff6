import type { Plan, PlanTarget } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import { noEvidence, type TraceEvidence, type TracedWheel } from '../proof/trace/evidence.ts'
import { prepareRoot, type PreparedRoot } from '../worlds/root.ts'
import { signalOf, type StageContext } from './context.ts'
import { fetch } from './fetch.ts'
import { rootNameOf } from './places.ts'
import { recompiled } from './recompile.ts'
import { reinstalled, type Reinstalled } from './reinstall.ts'
import type { TracedBuild } from './trace-builds.ts'
import { dependenciesOf, lockedBases, rootBase } from './trace-evidence.ts'

/** Makes evidence out of the lock: inputs, the root of a target, base images. */
export interface EvidenceRoom {
  evidence(request: TracedBuild, wheel: TracedWheel | null): Promise<TraceEvidence>
  /** The root that a target is built in. */
  root(target: PlanTarget): Promise<PreparedRoot>
}

interface Prepared {
  root: PreparedRoot
  reinstalled: Reinstalled
  evidence: Omit<TraceEvidence, 'wheel' | 'bytecode'>
}

/** Each target's part is made once, when it is first asked for. */
export function evidenceRoom(context: StageContext, plan: Plan): EvidenceRoom {
  const prepared = new Map<string, Promise<Prepared>>()
  const preparedFor = (target: PlanTarget): Promise<Prepared> => {
    const known = prepared.get(target.name) ?? prepare(context, plan, target)
    prepared.set(target.name, known)
    return known
  }
  return {
    root: async (target) => (await preparedFor(target)).root,
    async evidence({ file, artifact, target }, wheel) {
      const { root, evidence, reinstalled: own } = await preparedFor(target)
      const bytecode = await recompiled({
        file,
        artifact,
        root,
        baseLayers: new Set(evidence.bases.flatMap(({ layers }) => [...layers])),
        installed: artifact.kind === 'image' ? own.root : null,
        limits: plan.limits,
        ...signalOf(context)
      })
      return { ...noEvidence, ...evidence, wheel, bytecode }
    }
  }
}

async function prepare(context: StageContext, plan: Plan, target: PlanTarget): Promise<Prepared> {
  const { lock, inputs } = await fetch(context, plan)
  const rootName = rootNameOf(target, plan, lock)
  const rootLock = lock.roots[rootName]
  if (rootLock === undefined)
    throw new TagproofError('lock-incomplete', `The lock has no root ${rootName}.`, {
      fix: 'Run tagproof lock, commit the lock, and tag that commit.'
    })
  const { cache, log } = context
  const common = { cache, log, ...signalOf(context) }
  const root = await prepareRoot(rootName, rootLock, inputs, common)
  const own = await reinstalled({ name: rootName, root, rootLock, ...common })
  const { wheels, sdists } = await dependenciesOf(lock.python[target.name], inputs)
  // An image that has no root of its own holds none of its files either.
  const has = rootName === target.root
  const bases = target.kind === 'image' ? await lockedBases(lock.images ?? {}, inputs) : []
  if (target.kind === 'image' && has) bases.push(await rootBase({ root, rootLock, ...common }))
  return {
    root,
    reinstalled: own,
    evidence: { wheels, sdists, packages: has ? own.packages : [], roots: has ? [own.root] : [], bases }
  }
}
