import { asText, type Job, type ReadWorkflow } from './read.ts'
import { isSingleJob, publishes, type Fault, type WorkflowRule } from './rule.ts'

/** What is handed over is checked, and a failure stops what follows. */
export const handoverRule: WorkflowRule = {
  name: 'handover',
  holds: 'Proof and publication see the results of every earlier job',
  faults: (workflow) => workflow.jobs.flatMap((job) => handoverFaults(workflow, job))
}

function handoverFaults(workflow: ReadWorkflow, job: Job): Fault[] {
  if (isSingleJob(job)) return []
  const faults: Fault[] = []
  const earlier: Readonly<Record<string, readonly string[]>> = {
    prove: ['build'],
    publish: ['build', 'prove']
  }
  for (const step of job.steps) {
    const before = earlier[step.stage ?? '']
    if (before === undefined) continue
    if (!/toJSON\(\s*needs\s*\)/i.test(asText(step.with.needs)))
      faults.push({
        state: 'fail',
        path: step.path,
        what: `The stage ${step.stage ?? ''} is not told how the earlier jobs ended`,
        why: 'It can neither see that one of them failed, nor check what they hand over.',
        fix: 'Add needs: ${{ toJSON(needs) }} to the inputs of the step.'
      })
    const missing = workflow.jobs.filter(
      (other) =>
        other !== job &&
        !publishes(other) &&
        other.stages.some((stage) => before.includes(stage)) &&
        !job.needs.includes(other.id)
    )
    if (missing.length > 0)
      faults.push({
        state: 'fail',
        path: job.path,
        what: `The job ${job.id} does not wait for ${missing.map(({ id }) => id).join(', ')}`,
        why: 'It could run although one of them failed: the results of all have to be in its needs.',
        fix: `Write needs: [${[...job.needs, ...missing.map(({ id }) => id)].join(', ')}].`
      })
  }
  return faults
}
