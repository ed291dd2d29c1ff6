import type { CheckState } from '../check.ts'
import type { Job, ReadWorkflow } from './read.ts'

/** Something that a workflow does not hold to. */
export interface Fault {
  state: Exclude<CheckState, 'ok'>
  path: readonly (string | number)[]
  what: string
  why: string
  fix: string
}

/** One thing that a workflow must hold to. */
export interface WorkflowRule {
  /** Name of its check. */
  name: string
  /** What is said where nothing is wrong. */
  holds: string
  faults: (workflow: ReadWorkflow) => Fault[]
}

/** Stages that an action can be told by name. */
const knownStages: readonly string[] = ['rehearse', 'plan', 'build', 'prove', 'publish', 'release']

/** What no rule can judge: a stage that is known only once it runs. */
export const stagesRule: WorkflowRule = {
  name: 'stages',
  holds: 'Each step names its stage',
  faults: ({ jobs }) =>
    jobs.flatMap((job) =>
      job.steps
        .filter(({ stage }) => stage !== null && !knownStages.includes(stage))
        .map((step) => ({
          state: 'warn' as const,
          path: step.path,
          what: `A step of the job ${job.id} has the stage ${step.stage ?? ''}`,
          why: 'What it does is not known before it runs, so nothing was looked at for it.',
          fix: `Name one of ${knownStages.join(', ')}.`
        }))
    )
}

/** Whether it hands packages out: only then there is something to protect. */
export function isRelease({ jobs }: ReadWorkflow): boolean {
  return jobs.some(publishes)
}

export function publishes({ stages }: Job): boolean {
  return stages.includes('publish') || stages.includes('release')
}

/** Whether somebody has accepted, in so many words, that build and credentials share a job. */
export function isSingleJob({ steps }: Job): boolean {
  return steps.some((step) => step.stage !== null && String(step.with['single-job']) === 'true')
}
