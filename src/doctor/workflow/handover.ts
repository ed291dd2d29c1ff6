import { asRecord, asText, type Job, type ReadWorkflow, type Step } from './read.ts'
import { isSingleJob, publishes, type Fault, type WorkflowRule } from './rule.ts'

/** What is handed over is checked, and a failure stops what follows. */
export const handoverRule: WorkflowRule = {
  name: 'handover',
  holds: 'Each stage sees the results of every earlier job, and says what it hands over',
  faults: (workflow) =>
    workflow.jobs
      .filter((job) => !isSingleJob(job))
      .flatMap((job) => [
        ...job.steps.flatMap((step) => needsFaults(workflow, job, step)),
        ...outputFaults(job)
      ])
}

/** Stages that come before each. */
const earlier: Readonly<Record<string, readonly string[]>> = {
  build: ['plan'],
  prove: ['plan', 'build'],
  publish: ['plan', 'build', 'prove']
}

function needsFaults({ jobs }: ReadWorkflow, job: Job, { stage, path, with: inputs }: Step): Fault[] {
  const before = earlier[stage ?? ''] ?? []
  const others = jobs.filter(
    (other) => other !== job && !publishes(other) && other.steps.some((step) => handsOn(step, before))
  )
  const faults: Fault[] = []
  // A build without an earlier plan makes its own.
  const told = before.length > 0 && (stage !== 'build' || others.length > 0)
  if (told && !/toJSON\(\s*needs\s*\)/i.test(asText(inputs.needs)))
    faults.push({
      state: 'fail',
      path,
      what: `The stage ${stage ?? ''} is not told how the earlier jobs ended`,
      why: 'It can neither see that one of them failed, nor find what they hand over.',
      fix: 'Add needs: ${{ toJSON(needs) }} to the inputs of the step.'
    })
  const missing = others.filter(({ id }) => !job.needs.includes(id)).map(({ id }) => id)
  if (missing.length > 0)
    faults.push({
      state: 'fail',
      path: job.path,
      what: `The job ${job.id} does not wait for ${missing.join(', ')}`,
      why: 'It could run although one of them failed: the results of all have to be in its needs.',
      fix: `Write needs: [${[...job.needs, ...missing].join(', ')}].`
    })
  return faults
}

/** A step that only shows something, such as the plan of a pull request, has nothing that others could wait for. */
function handsOn({ stage, with: inputs }: Step, stages: readonly string[]): boolean {
  return stage !== null && stages.includes(stage) && inputs.handover !== 'none'
}

/** What a job hands over is found by the output of that name. */
function outputFaults(job: Job): Fault[] {
  if (!job.steps.some((step) => handsOn(step, ['plan', 'build', 'prove']))) return []
  if (/outputs\.handover\b/.test(asText(asRecord(job.value.outputs).handover))) return []
  return [
    {
      state: 'fail',
      path: job.path,
      what: `The job ${job.id} does not say what it hands over`,
      why: 'Later jobs take it by the SHA-256 that stands in this output.',
      fix: 'Give the step an id, and add outputs: { handover: "${{ steps.ID.outputs.handover }}" } to the job.'
    }
  ]
}
