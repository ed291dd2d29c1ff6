import type { Plan } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import { openRepository } from '../source/repository.ts'
import { listTree } from '../source/tree.ts'
import { versionOfTag } from '../source/version.ts'
import { indexTargets } from '../targets/python/index-targets.ts'
import type { StageContext } from './context.ts'
import { readPlannedLock } from './fetch.ts'
import { planGit } from './git-inputs.ts'
import { readUserConfig } from './source.ts'

/**
 * Reads the configuration of the tag again, and compares: the plan must not bring exceptions of its own, nor another
 * version. A configuration from outside the tag cannot be compared; the proof says that it is one, and `publish`
 * refuses it.
 *
 * @throws TagproofError `document-mismatch`
 */
export async function recheckConfig(context: StageContext, plan: Plan): Promise<void> {
  if (plan.config.from === 'outside') return
  const repository = await openRepository(context.repository)
  try {
    const { value, from, sha256 } = await readUserConfig(
      repository,
      await listTree(repository, plan.tag.tree)
    )
    const version = plan.tag.kind === 'untagged' ? null : versionOfTag(plan.tag.name, value.tag.pattern)
    requireSame('config', plan.config, { from, sha256 })
    requireSame('version', plan.version, version)
    requireSame('scramble.inputs', plan.scramble.inputs, value.inputs)
    requireSame('generated', plan.generated, value.generated)
    requireSame('waivers', plan.waivers, value.waivers)
    const indexed = indexTargets(value.destinations, plan.targets)
    requireSame('indexed', plan.indexed ?? [], indexed)
    const git = planGit(value, plan.targets, await readPlannedLock(context, plan))
    requireSame('git', plan.git ?? [], git)
    requireSame('expectedFiles', plan.expectedFiles, value['expected-files'])
  } finally {
    await repository.close()
  }
}

function requireSame(name: string, planned: unknown, found: unknown): void {
  if (JSON.stringify(planned) === JSON.stringify(found)) return
  throw new TagproofError(
    'document-mismatch',
    `The plan's ${name} is not what the configuration of the tag gives.`,
    {
      where: `plan.json: .${name}`,
      fix: 'The plan was altered, or made by another version of Tagproof; run tagproof plan again, and build again.'
    }
  )
}
