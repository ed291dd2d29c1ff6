import type { Proof } from '../documents/proof.ts'
import { readDocument } from '../documents/reading.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import { TagproofError } from '../platform/errors.ts'
import { acceptsOneSet } from '../proof/adopt.ts'
import type { StageContext } from './context.ts'

/**
 * A wheel of which there was one set is published only where the plan, and so the configuration of the tag, says that
 * one must do.
 *
 * @throws TagproofError `release-refused`; `document-mismatch` for the plan of another proof
 */
export async function requireAccepted(
  context: StageContext,
  proof: Pick<Proof, 'plan'>,
  artifacts: readonly ReleaseArtifact[]
): Promise<void> {
  const once = artifacts.filter(({ adopted }) => adopted?.sets === 1)
  if (once.length === 0) return
  const { document: plan, sha256 } = await readDocument('plan', context.out.plan)
  if (sha256 !== proof.plan)
    throw new TagproofError('document-mismatch', 'plan.json is not the one of this proof.', {
      where: 'proof.json: plan',
      found: sha256,
      expected: proof.plan,
      fix: 'Hand on plan.json and proof.json of the same release.'
    })
  for (const { name, target } of once) {
    const { adopt = [] } = plan.targets.find((one) => one.name === target) ?? {}
    if (acceptsOneSet(adopt, name)) continue
    throw new TagproofError('release-refused', `Of ${name} there is one set, and nothing accepts that.`, {
      expected: 'sets: 1 with a reason, under adopt: of the target in .github/tagproof.yml',
      fix: 'Build it in a second job, and give both sets to prove; or accept one set in the configuration.'
    })
  }
}
