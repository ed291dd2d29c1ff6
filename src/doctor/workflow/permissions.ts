import { asRecord, asText, buildingStages, type Job, type ReadWorkflow } from './read.ts'
import { isSingleJob, publishes, type Fault, type WorkflowRule } from './rule.ts'

const least = 'Write permissions: {} at the top, and in each job what it needs with the reason behind it.'

/** Nothing for all jobs, and to each what it needs: no job that runs project code may write anything or ask for an id token. */
export const permissionsRule: WorkflowRule = {
  name: 'permissions',
  holds: 'Each job has the permissions that it needs, and no build can ask for an id token',
  faults: (workflow) => [...topFaults(workflow), ...workflow.jobs.flatMap((job) => jobFaults(workflow, job))]
}

function topFaults({ value }: ReadWorkflow): Fault[] {
  const top = value.permissions
  const fault = (state: Fault['state'], what: string): Fault[] => [
    { state, path: ['permissions'], what, why: 'Every job gets it that says nothing of its own.', fix: least }
  ]
  if (top === undefined)
    return fault('warn', 'There are no permissions at the top, so the setting of the repository decides')
  if (top === 'write-all') return fault('fail', 'All jobs may write everything')
  if (top === 'read-all') return fault('warn', 'All jobs may read everything')
  const written = Object.entries(asRecord(top)).filter(([, level]) => level === 'write')
  if (written.length > 0)
    return fault('fail', `All jobs get ${written.map(([name]) => name).join(', ')}: write`)
  return []
}

function jobFaults(workflow: ReadWorkflow, job: Job): Fault[] {
  const { value } = workflow
  const own = job.value.permissions
  const buildsHere = job.stages.some((stage) => buildingStages.includes(stage))
  const fault = (what: string, why: string, fix: string, state: Fault['state'] = 'fail'): Fault => ({
    state,
    path: own === undefined ? job.path : [...job.path, 'permissions'],
    what: `The job ${job.id} ${what}`,
    why,
    fix
  })
  if (own === undefined && value.permissions === undefined)
    return [fault('has no permissions of its own', 'It may get more than it needs.', least)]
  if (publishes(job) && !isSingleJob(job)) return tokenFaults(workflow, job)
  const granted = own ?? value.permissions
  if (granted === 'write-all')
    return [fault('may write everything, id tokens included', 'Whoever gets hold of it publishes.', least)]
  return Object.entries(asRecord(granted)).flatMap(([name, level]) => {
    if (level !== 'write' || job.stages.length === 0) return []
    if (name === 'id-token' && isSingleJob(job))
      return [
        fault(
          'builds where an id token can be requested (single-job)',
          'Build and credentials share a machine. The proof says so.',
          'Build in jobs of their own, as tagproof init writes them.',
          'warn'
        )
      ]
    if (name === 'id-token')
      return [
        fault(
          `runs ${job.stages.join(', ')} where an id token can be requested`,
          'With it, code of the project could publish in the name of this workflow. The action refuses to build there.',
          'Remove id-token: write from this job; the publish job alone needs it.'
        )
      ]
    return buildsHere ? [fault(`may write ${asText(name)}`, 'A build needs to write nothing.', least)] : []
  })
}

/** The id token of the publish job is the only thing that tells which environment it runs in. */
function tokenFaults({ value }: ReadWorkflow, job: Job): Fault[] {
  const granted = job.value.permissions ?? value.permissions
  if (granted === 'write-all' || asRecord(granted)['id-token'] === 'write') return []
  return [
    {
      state: 'fail',
      path: job.value.permissions === undefined ? job.path : [...job.path, 'permissions'],
      what: `The job ${job.id} publishes and cannot ask for an id token`,
      why: 'Nothing else shows that it runs in its environment, and the action refuses to publish without.',
      fix: 'Add id-token: write to the permissions of this job, and to no other.'
    }
  ]
}
