import { asText, type Job } from './read.ts'
import { publishes, type Fault, type WorkflowRule } from './rule.ts'

/** Credentials reach the job that publishes, and no other. */
export const secretsRule: WorkflowRule = {
  name: 'secrets',
  holds: 'No secret reaches a job that does not publish',
  faults: (workflow) => [
    ...(mentionsSecret(workflow.value.env)
      ? [secretFault(['env'], 'The variables of the whole workflow hold a secret')]
      : []),
    ...workflow.jobs.filter((job) => !publishes(job)).flatMap(secretFaults)
  ]
}

function secretFaults(job: Job): Fault[] {
  if (job.uses !== null && job.value.secrets === 'inherit')
    return [secretFault([...job.path, 'secrets'], `The job ${job.id} hands all secrets on`)]
  if (job.stages.length === 0) return []
  const ofJob = Object.entries(job.value).filter(([key]) => key !== 'steps')
  const faults = mentionsSecret(ofJob) ? [secretFault(job.path, `The job ${job.id} is given a secret`)] : []
  for (const step of job.steps)
    if (mentionsSecret(stepValue(job, step.path)))
      faults.push(secretFault(step.path, `A step of the job ${job.id} is given a secret`))
  return faults
}

function stepValue(job: Job, path: readonly (string | number)[]): unknown {
  const steps = job.value.steps
  return Array.isArray(steps) ? (steps as unknown[])[Number(path.at(-1))] : null
}

function mentionsSecret(value: unknown): boolean {
  return /\$\{\{[^}]*\b(secrets\b|github\.token\b)/.test(asText(value))
}

function secretFault(path: Fault['path'], what: string): Fault {
  return {
    state: 'fail',
    path,
    what,
    why: 'Where code of the project runs, or could leave something, no credential may be.',
    fix: 'Hand it to the publish step alone; reading a public repository needs none.'
  }
}
