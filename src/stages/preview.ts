import { access } from 'node:fs/promises'
import { localPlace } from '../destinations/local-places.ts'
import { destinationSettings } from '../documents/destination-settings.ts'
import type { Lock } from '../documents/lock.ts'
import type { Plan } from '../documents/plan.ts'
import { readDocument } from '../documents/reading.ts'
import type { EarlierRelease, ExpectedArtifact, PlanPreview } from '../evidence/plan-preview.ts'
import { asTagproofError } from '../platform/errors.ts'
import { previousRelease } from '../source/previous-release.ts'
import { expectedArtifacts } from '../targets/expected-artifacts.ts'
import type { StageContext } from './context.ts'
import { previewStates } from './preview-states.ts'
import type { Source } from './source.ts'

/**
 * The record to compare with: the one that was asked for, or what an earlier run left in the output folder, which
 * planning removes.
 *
 * @throws TagproofError of `readDocument` for a record that was asked for; one that was left is passed over
 */
export async function earlierRelease(
  context: StageContext,
  against: string | undefined
): Promise<EarlierRelease | null> {
  if (against !== undefined) return (await readDocument('release', against)).document
  const there = await access(context.out.release).then(
    () => true,
    () => false
  )
  if (!there) return null
  try {
    const { document } = await readDocument('release', context.out.release)
    return document.verdict !== 'refused' ? document : null
  } catch (error) {
    context.log.info(`The record of an earlier run is not used: ${asTagproofError(error).message}`)
    return null
  }
}

/** What can be known of a plan before anything is built, out of git objects and what destinations tell anybody. Runs no project code. */
export async function previewOf(
  context: StageContext,
  { repository, entries, config }: Pick<Source, 'repository' | 'entries' | 'config'>,
  { plan, lock, earlier }: { plan: Plan; lock: Lock; earlier: EarlierRelease | null }
): Promise<PlanPreview> {
  const artifacts: ExpectedArtifact[] = []
  for (const target of plan.targets) {
    const expected = await expectedArtifacts({
      repository,
      entries,
      target,
      plan,
      root: lock.roots[target.root]
    })
    for (const artifact of expected)
      artifacts.push({
        ...artifact,
        target: target.name,
        destination:
          artifact.name === null ? null : localPlace({ ...artifact, name: artifact.name }, plan.version)
      })
  }
  const settings = config.value.destinations.map(destinationSettings)
  const destinations = await previewStates(context, settings, artifacts, plan.version)
  const previous = await previousRelease(repository, plan.tag, plan.version)
  return {
    plan,
    artifacts,
    destinations,
    earlier,
    previous: 'none' in previous ? previous : { name: previous.tag.name }
  }
}
