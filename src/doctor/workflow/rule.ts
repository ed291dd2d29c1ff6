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
