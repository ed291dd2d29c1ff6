import { neededRights, type NeededRight } from '../../destinations/needed-rights.ts'
import type { DestinationSettings } from '../../documents/destination-settings.ts'
import { asRecord, asText, type Job, type ReadWorkflow, type Step } from './read.ts'
import { isSingleJob, publishes, type Fault, type WorkflowRule } from './rule.ts'

/** The job that publishes may do what the destinations of the configuration need, and no more. */
export function destinationRightsRule(settings: readonly DestinationSettings[]): WorkflowRule {
  const rule: WorkflowRule = {
    name: 'destination-rights',
    holds: 'The job that publishes may do what its destinations need',
    faults: (workflow) =>
      workflow.jobs
        .filter(publishes)
        .flatMap((job) => [
          ...neededRights(settings).flatMap((right) => missingFaults(workflow, job, right)),
          ...surplusFaults(workflow, job, neededRights(settings))
        ])
  }
  return rule
}

function levelOf({ value }: ReadWorkflow, job: Job, permission: string): unknown {
  const granted = job.value.permissions ?? value.permissions
  return granted === 'write-all' ? 'write' : asRecord(granted)[permission]
}

function missingFaults(workflow: ReadWorkflow, job: Job, right: NeededRight): Fault[] {
  const { permission, destination, why } = right
  const step = job.steps.find(({ stage }) => stage === 'publish' || stage === 'release')
  if (step === undefined || isOtherwise(right, job, step)) return []
  const path = job.value.permissions === undefined ? job.path : [...job.path, 'permissions']
  const faults: Fault[] = []
  if (levelOf(workflow, job, permission) !== 'write')
    faults.push({
      state: 'fail',
      path,
      what: `The job ${job.id} has no ${permission}: write`,
      why: `The destination ${destination} needs it (${why}); the publication would stop before its first write.`,
      fix: `Add ${permission}: write # ${why} to the permissions of this job.`
    })
  if (permission === 'contents' && asText(step.with['github-token'] ?? '') === '')
    faults.push({
      state: 'fail',
      path: step.path,
      what: `The job ${job.id} hands over no github-token`,
      why: `The destination ${destination} needs one (${why}).`,
      fix: 'Add github-token: ${{ github.token }} to the inputs of this step.'
    })
  return faults
}

/** A secret of the project does the same; that a job which publishes has an id token is another rule's. */
function isOtherwise({ permission }: NeededRight, job: Job, step: Step): boolean {
  if (permission === 'id-token') return !isSingleJob(job) || step.with['pypi-token'] !== undefined
  const input = permission === 'contents' ? 'github-token' : 'registry-password'
  return /\bsecrets\.(?!GITHUB_TOKEN\b)/.test(asText(step.with[input] ?? ''))
}

function surplusFaults(workflow: ReadWorkflow, job: Job, rights: readonly NeededRight[]): Fault[] {
  return (['contents', 'packages'] as const)
    .filter(
      (permission) =>
        levelOf(workflow, job, permission) === 'write' && !rights.some((one) => one.permission === permission)
    )
    .map((permission) => ({
      state: 'warn',
      path: job.value.permissions === undefined ? job.path : [...job.path, 'permissions'],
      what: `The job ${job.id} may write ${permission}, and no destination needs it`,
      why: 'What a job may do, somebody who gets hold of it may do.',
      fix: `Write ${permission}: ${permission === 'contents' ? 'read' : 'none'}, or list the destination in .github/tagproof.yml.`
    }))
}
