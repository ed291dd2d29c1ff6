import { containerOptions } from '../../platform/rights.ts'
import { asRecord, asText, buildingStages, type Job } from './read.ts'
import { isSingleJob, publishes, type Fault, type WorkflowRule } from './rule.ts'

/** The one job that publishes waits behind an environment. */
export const environmentRule: WorkflowRule = {
  name: 'environment',
  holds: 'Publishing waits behind an environment',
  faults: ({ jobs }) =>
    jobs
      .filter((job) => publishes(job) && environmentOf(job) === null)
      .map((job) => ({
        state: 'fail',
        path: job.path,
        what: `The job ${job.id} publishes without an environment`,
        why: 'Nobody approves what is published, and any run of the workflow can do it.',
        fix: 'Add environment: release to the job, and protect that environment.'
      }))
}

/** Name of the environment of a job, or null. */
export function environmentOf({ value }: Pick<Job, 'value'>): string | null {
  const { environment } = value
  const name = typeof environment === 'string' ? environment : asRecord(environment).name
  return typeof name === 'string' && name !== '' ? name : null
}

/** No build beside a credential, the two worlds on two machines, and nothing else beside the publication. */
export const separationRule: WorkflowRule = {
  name: 'separation',
  holds: 'Each build, the proof and the publication have a job of their own',
  faults: ({ jobs }) =>
    jobs.flatMap((job) => [...sharedFaults(job), ...foreignFaults(job), ...machineFaults(job)])
}

function sharedFaults(job: Job): Fault[] {
  const single = isSingleJob(job)
  const building = job.stages.filter((stage) => buildingStages.includes(stage) && stage !== 'release')
  const faults: Fault[] = []
  if (job.stages.includes('release') || (publishes(job) && building.length > 0))
    faults.push({
      state: single ? 'warn' : 'fail',
      path: job.path,
      what: `The job ${job.id} builds and publishes`,
      why: single
        ? 'Code of the project runs on the machine that holds the credentials; the proof says so.'
        : 'Code of the project runs on the machine that holds the credentials. The action refuses that without single-job.',
      fix: 'Give each stage a job of its own, as tagproof init writes them.'
    })
  const builds = job.steps.filter(({ stage }) => stage === 'build')
  const both = builds.some((step) => !('world' in step.with)) || builds.length > 1
  if (both)
    faults.push({
      state: 'warn',
      path: builds[0]?.path ?? job.path,
      what: `The job ${job.id} builds both worlds on one machine`,
      why: 'What that machine does to both builds alike is not seen.',
      fix: 'Build world a and world b in jobs of their own.'
    })
  return faults
}

/** Commands and actions of others beside the id token. Installing packages is what the sandbox needs. */
function foreignFaults(job: Job): Fault[] {
  if (!publishes(job) || isSingleJob(job)) return []
  return job.steps.flatMap((step) => {
    const known = step.stage !== null || step.uses?.startsWith('actions/checkout@') === true
    if (known || isInstalling(step.run)) return []
    return [
      {
        state: 'warn',
        path: step.path,
        what: `The job ${job.id} also runs ${step.uses ?? 'commands'}`,
        why: 'Whatever runs in this job can publish in its name.',
        fix: 'Move the step to a job without credentials.'
      }
    ]
  })
}

function isInstalling(run: string | null): boolean {
  const lines = (run ?? '').split(/\n|&&/).map((line) => line.trim())
  return (
    run !== null &&
    lines.every((line) => line === '' || /^(sudo )?apt-get (-q )?(update|install)\b[^;|&`$<>]*$/.test(line))
  )
}

/** A job in a container has no rights to set up a sandbox, unless it is given them. */
function machineFaults({ id, path, stages, value }: Job): Fault[] {
  if (!stages.some((stage) => buildingStages.includes(stage)) || value.container === undefined) return []
  const options = asText(asRecord(value.container).options ?? '')
  const privileged = /(^|\s)--privileged(=true)?(\s|$)/.test(options)
  if (privileged && /--cgroupns[= ]host\b/.test(options)) return []
  const fix = `Leave container: out, or give it ${containerOptions}.`
  if (privileged)
    return [
      {
        state: 'warn',
        path: [...path, 'container'],
        what: `The job ${id} runs in a container with control groups of its own`,
        why: 'Where the machine has control groups of version 2, those cannot be divided, and a sandbox gets no limits.',
        fix
      }
    ]
  return [
    {
      state: 'fail',
      path: [...path, 'container'],
      what: `The job ${id} runs in a container without the rights to set up a sandbox`,
      why: 'Namespaces, mounts and control groups are needed, and the container forbids them.',
      fix
    }
  ]
}
