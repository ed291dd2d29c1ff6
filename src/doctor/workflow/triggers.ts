import { asList, asRecord, type ReadWorkflow } from './read.ts'
import { isRelease, type Fault, type WorkflowRule } from './rule.ts'

/** Events with which a stranger's text or code runs with the rights of the repository. */
const dangerous: readonly string[] = [
  'pull_request_target',
  'workflow_run',
  'issue_comment',
  'issues',
  'discussion'
]

/** A release starts with a tag, can be started again on it, and cannot be started by strangers. */
export const triggersRule: WorkflowRule = {
  name: 'triggers',
  holds: 'A tag starts it, and it can be dispatched on a tag',
  faults: (workflow) => (isRelease(workflow) ? faultsOf(eventsOf(workflow)) : [])
}

/** Events with their settings; `on:` may be a name, a list or a mapping. */
export function eventsOf({ value }: ReadWorkflow): Record<string, unknown> {
  const { on } = value
  if (typeof on === 'string') return { [on]: null }
  if (Array.isArray(on)) return Object.fromEntries(asList(on).map((name) => [String(name), null]))
  return asRecord(on)
}

/** Globs of the tags that start it; null where nothing filters. */
export function tagGlobsOf(workflow: ReadWorkflow): string[] {
  return asList(asRecord(eventsOf(workflow).push).tags).filter((glob) => typeof glob === 'string')
}

function faultsOf(events: Record<string, unknown>): Fault[] {
  const push = asRecord(events.push)
  const faults: Fault[] = dangerous
    .filter((name) => name in events)
    .map((name) => ({
      state: 'fail',
      path: ['on', name],
      what: `It runs on ${name}`,
      why: 'Anybody can cause that event, and the run has the rights of the repository.',
      fix: `Remove ${name} from this workflow; pull_request gives strangers no rights.`
    }))
  if (asList(push.tags).length === 0)
    faults.push({
      state: 'fail',
      path: ['on', 'push'],
      what: 'No tag starts it',
      why: 'A release is made of a tag. Without on.push.tags it has to be started by hand, or runs for every branch.',
      fix: "Write on: { push: { tags: ['v*'] } }, with the form of your tags."
    })
  if (asList(push.branches).length > 0)
    faults.push({
      state: 'warn',
      path: ['on', 'push', 'branches'],
      what: 'Pushes to branches start it too',
      why: 'The release jobs refuse what is no tag.',
      fix: 'Rehearse on pull_request, and start with tags alone.'
    })
  if (!('workflow_dispatch' in events))
    faults.push({
      state: 'warn',
      path: ['on'],
      what: 'It cannot be dispatched',
      why: 'A release that failed can then be started again only as long as its run is kept. The workflow at the tag decides.',
      fix: 'Add workflow_dispatch: to on.'
    })
  return faults
}
