import type { DestinationSettings } from '../../documents/destination-settings.ts'
import { fail, ok, warn, type Check } from '../check.ts'
import { destinationRightsRule } from './destination-rights.ts'
import { cachesRule, checkoutRule, commandsRule, concurrencyRule, conditionsRule } from './habits.ts'
import { permissionsRule } from './permissions.ts'
import { pinsRule } from './pins.ts'
import { readWorkflow, type ReadWorkflow } from './read.ts'
import { isRelease, stagesRule, type WorkflowRule } from './rule.ts'
import { environmentRule, separationRule } from './separation.ts'
import { handoverRule } from './handover.ts'
import { secretsRule } from './secrets.ts'
import { triggersRule } from './triggers.ts'

/** Of every workflow that uses this action. */
const always: readonly WorkflowRule[] = [
  stagesRule,
  permissionsRule,
  pinsRule,
  separationRule,
  secretsRule,
  conditionsRule,
  cachesRule,
  commandsRule,
  checkoutRule,
  concurrencyRule
]
/** Of those that publish. */
const ofReleases: readonly WorkflowRule[] = [triggersRule, environmentRule, handoverRule]

export interface WorkflowFile {
  /** In the repository, with slashes. */
  path: string
  text: string
}

/** The workflows that use this action, and what cannot be read. Pure. */
export function readWorkflows(
  files: readonly WorkflowFile[],
  isOurs: (repository: string) => boolean
): { ours: ReadWorkflow[]; unreadable: Check[] } {
  const ours: ReadWorkflow[] = []
  const unreadable: Check[] = []
  for (const { path, text } of files) {
    const read = readWorkflow(path, text, isOurs)
    if ('fault' in read)
      unreadable.push(
        fail('workflow', 'workflow-file', `The workflow cannot be read: ${read.fault}`, {
          where: read.where,
          why: 'The code host would not run it either, and what it holds is not known.',
          fix: 'Correct the file.'
        })
      )
    else if (read.jobs.some(({ stages }) => stages.length > 0)) ours.push(read)
  }
  return { ours, unreadable }
}

/** A line for each rule that a workflow holds to, and for each place where it does not. Pure. */
export function workflowChecks(workflows: readonly ReadWorkflow[]): Check[] {
  if (!workflows.some(isRelease))
    return [
      ...workflows.flatMap((workflow) => always.flatMap((rule) => ruleChecks(rule, workflow))),
      warn('workflow', 'workflow-file', 'No workflow makes a release with this action', {
        why: 'There is nothing yet that a tag would start. Settings of the repository are looked at once there is.',
        fix: 'tagproof init writes one.'
      })
    ]
  return workflows.flatMap((workflow) =>
    [...(isRelease(workflow) ? ofReleases : []), ...always].flatMap((rule) => ruleChecks(rule, workflow))
  )
}

/** Whether the jobs that publish may do what the configuration asks of them. Pure. */
export function destinationRightsChecks(
  workflows: readonly ReadWorkflow[],
  settings: readonly DestinationSettings[]
): Check[] {
  if (settings.length === 0) return []
  return workflows
    .filter(isRelease)
    .flatMap((workflow) => ruleChecks(destinationRightsRule(settings), workflow))
}

function ruleChecks({ name, holds, faults }: WorkflowRule, workflow: ReadWorkflow): Check[] {
  const found = faults(workflow)
  if (found.length === 0) return [ok('workflow', name, `${fileName(workflow)}: ${holds}`)]
  return found.map(({ state, path, what, why, fix }) =>
    (state === 'fail' ? fail : warn)('workflow', name, what, { where: workflow.where(path), why, fix })
  )
}

/** All lie in one folder. */
function fileName({ file }: ReadWorkflow): string {
  return file.slice(file.lastIndexOf('/') + 1)
}
