import { readFileSync } from 'node:fs'
import type { TagRef } from '../documents/fields.ts'
import { TagproofError } from './errors.ts'
import type { ActionInputs } from './github-inputs.ts'

/** Events whose ref can be a tag; on any other the workflow is that of a branch. */
const tagEvents = ['push', 'create', 'release', 'workflow_dispatch']
/** The code of a stranger with the rights of the repository. */
const strangersWithRights = 'pull_request_target'
const oldestNode = 24

/**
 * Refuses a run that must not release, before anything is read: what a release publishes is what its workflow, commit
 * and tag say, all of one tag.
 *
 * @param environment what the runner set for the step
 * @throws TagproofError `runner-too-old`, `event-refused`, `fork-refused`
 */
export function refuseUnfitRun(
  { stage }: Pick<ActionInputs, 'stage'>,
  environment: NodeJS.ProcessEnv,
  nodeVersion: string = process.versions.node
): void {
  if (Number(nodeVersion.split('.')[0]) < oldestNode)
    throw new TagproofError('runner-too-old', 'The runner has no Node 24.', {
      found: `Node ${nodeVersion}`,
      expected: `Node ${oldestNode} or newer, as runner 2.336 has it`,
      fix: 'Update the runner.'
    })
  const {
    GITHUB_EVENT_NAME: event = '',
    GITHUB_REF_TYPE: refType = '',
    GITHUB_REF_NAME: ref = ''
  } = environment
  if (event === strangersWithRights) throw refusedEvent(stage, event, ref)
  if (stage === 'rehearse') return
  if (event === 'pull_request') {
    // A plan shows what a release would be: it runs no project code, needs no credential, and hands nothing on.
    if (stage === 'plan') return
    if (isFork(environment))
      throw new TagproofError('fork-refused', `The stage ${stage} runs on a pull request of a fork.`, {
        expected: 'the stages plan and rehearse, which need no credential and publish nothing',
        fix: 'Plan and rehearse pull requests; release tags.'
      })
  }
  if (!tagEvents.includes(event) || refType !== 'tag') throw refusedEvent(stage, event, ref)
}

function refusedEvent(stage: string, event: string, ref: string): TagproofError {
  return new TagproofError('event-refused', `The stage ${stage} does not run for a tag.`, {
    found: `event ${event || 'unknown'} on ${ref || 'no ref'}`,
    expected: `${tagEvents.join(', ')} on a tag`,
    fix: 'Push the tag, or dispatch the workflow on the tag: gh workflow run FILE --ref TAG. On pull requests, rehearse.'
  })
}

/** Whether the pull request comes from another repository; where the event cannot be read, it does. */
function isFork({ GITHUB_EVENT_PATH: file = '', GITHUB_REPOSITORY: repository }: NodeJS.ProcessEnv): boolean {
  try {
    const event = JSON.parse(readFileSync(file, 'utf8')) as {
      pull_request?: { head?: { repo?: { full_name?: string } } }
    }
    return event.pull_request?.head?.repo?.full_name !== repository
  } catch {
    return true
  }
}

/**
 * The tag must still name the commit that the run was started for: its workflow file is that commit's.
 *
 * @throws TagproofError `tag-moved`
 */
export function requireCommitOfRun(
  tag: Pick<TagRef, 'name' | 'commit' | 'object'>,
  environment: NodeJS.ProcessEnv
): void {
  const { GITHUB_SHA: commit = '' } = environment
  if (commit === tag.commit || commit === tag.object) return
  throw new TagproofError(
    'tag-moved',
    `The tag ${JSON.stringify(tag.name)} is not at the commit of this run.`,
    {
      found: tag.commit,
      expected: commit || 'a GITHUB_SHA',
      fix: 'Dispatch the workflow on the tag as it is now. A tag that was given out should not move: make a new one.'
    }
  )
}
