import type { Fault, WorkflowRule } from './rule.ts'

const why =
  'A tag or branch of an action can be moved, by whoever gets hold of its repository, and runs in your release.'

/** Every action, reusable workflow and image by what cannot be moved. */
export const pinsRule: WorkflowRule = {
  name: 'pins',
  holds: 'Every action is named by its commit',
  faults: ({ jobs }) =>
    jobs.flatMap((job) => [
      // A reusable workflow of this repository is taken at the commit of the run.
      ...(job.uses?.startsWith('./') === true ? [] : faultsOf(job.uses, [...job.path, 'uses'])),
      ...job.steps.flatMap((step) => faultsOf(step.uses, [...step.path, 'uses']))
    ])
}

function faultsOf(uses: string | null, path: Fault['path']): Fault[] {
  if (uses === null || /@[0-9a-f]{40}$/.test(uses)) return []
  // Of this repository at this very commit.
  if (uses.startsWith('$/')) return []
  if (uses.startsWith('docker://'))
    return /@sha256:[0-9a-f]{64}$/.test(uses)
      ? []
      : [
          {
            state: 'fail',
            path,
            what: `${uses} names no digest`,
            why,
            fix: 'Name the image by its digest: @sha256:…'
          }
        ]
  if (uses.startsWith('./'))
    return [
      {
        state: 'warn',
        path,
        what: `${uses} is taken from the workspace`,
        why: 'What an earlier step has put there runs, whatever the commit holds.',
        fix: `Write $/${uses.slice(2)}: the folder at the commit of the run.`
      }
    ]
  return [
    {
      state: 'fail',
      path,
      what: `${uses} is not named by its commit`,
      why,
      fix: 'Write the 40 digits of the commit behind the @, and the version as a comment: git ls-remote tells it.'
    }
  ]
}
