import type { Plan } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import { silentLog } from '../platform/log.ts'
import { writeExports } from './export.ts'
import { noGrafts, type Grafting } from './grafts.ts'
import { openRepository } from './repository.ts'
import { requireUnmoved } from './tag.ts'

/**
 * Makes the exports again from git, and compares: the plan must not say by itself what the worlds were given, nor
 * which files were scrambled. Both are functions of the tag and of the targets and inputs that the plan names.
 *
 * @throws TagproofError `document-mismatch` if the plan says anything else, `tag-moved`
 */
export async function recheckExports(folder: string, plan: Plan, graft: Grafting = noGrafts): Promise<void> {
  const repository = await openRepository(folder)
  try {
    await requireUnmoved(repository, plan.tag)
    const grafts = await graft(repository)
    const again = await withTemporaryFolder('tagproof-recheck', (temporary) =>
      writeExports(repository, plan.tag, {
        folder: temporary,
        inputs: plan.scramble.inputs,
        generated: plan.generated,
        tier: plan.scramble.tier,
        targets: plan.targets,
        grafts,
        log: silentLog
      })
    )
    for (const part of ['exports', 'scramble', 'notices'] as const) {
      if (JSON.stringify(again[part]) === JSON.stringify(plan[part])) continue
      throw new TagproofError('document-mismatch', `The plan's ${part} are not what the tag gives.`, {
        where: `plan.json: .${part}`,
        fix: 'The plan was altered, or made by another version of Tagproof; run tagproof plan again, and build again.'
      })
    }
  } finally {
    await repository.close()
  }
}
