import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { TreeIndex } from '../proof/trace/tree.ts'
import type { Repository } from '../source/repository.ts'
import { openTracedTree } from '../source/traced-tree.ts'
import type { StageContext } from './context.ts'
import { graftsSeenBy, openGrafted } from './git-inputs.ts'

/** The tree that a target is traced against: that of the tag, with the git inputs that it sees and no others. */
export type Trees = (target: Pick<PlanTarget, 'git'>) => Promise<TreeIndex>

/** Opens the repository of a plan for tracing. The caller closes it. */
export async function openTrees(
  context: StageContext,
  plan: Plan
): Promise<{ repository: Repository; trees: Trees }> {
  const { repository, grafts } = await openGrafted(context, plan)
  const known = new Map<string, Promise<TreeIndex>>()
  const trees: Trees = (target) => {
    const seen = graftsSeenBy(target, grafts)
    const key = seen.map(({ name }) => name).join()
    const tree = known.get(key) ?? openTracedTree(repository, plan.tag.tree, seen)
    known.set(key, tree)
    return tree
  }
  try {
    // The tree of the tag is read first: what is wrong with it is told before anything else.
    await trees({})
    return { repository, trees }
  } catch (error) {
    await repository.close().catch(() => undefined)
    throw error
  }
}
