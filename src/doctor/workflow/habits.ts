import { asText, type Job } from './read.ts'
import { type Fault, type WorkflowRule } from './rule.ts'

/** A failure ends the release. */
export const conditionsRule: WorkflowRule = {
  name: 'conditions',
  holds: 'No job or step goes on after a failure',
  faults: ({ jobs }) =>
    jobs
      .filter(({ stages }) => stages.length > 0)
      .flatMap((job) => [
        ...condition(job, job.path, asText(job.value.if ?? ''), job.value['continue-on-error']),
        ...job.steps
          .filter(({ stage }) => stage !== null)
          .flatMap((step) => condition(job, step.path, step.condition, step.continueOnError))
      ])
}

function condition({ id }: Job, path: Fault['path'], text: string, goesOn: unknown): Fault[] {
  const why = 'A release must stop where anything failed or was cancelled.'
  if (/\b(always|failure|cancelled)\s*\(/.test(text))
    return [
      {
        state: 'fail',
        path: [...path, 'if'],
        what: `The job ${id} may run after a failure: ${text}`,
        why,
        fix: 'Leave always(), failure() and cancelled() out of the condition.'
      }
    ]
  if (goesOn === undefined || goesOn === false) return []
  return [
    {
      state: 'fail',
      path: [...path, 'continue-on-error'],
      what: `The job ${id} goes on where a stage of the release failed`,
      why,
      fix: 'Remove continue-on-error.'
    }
  ]
}

/** What an earlier run has left, on whatever branch, must not reach a release. */
export const cachesRule: WorkflowRule = {
  name: 'caches',
  holds: 'No cache is restored',
  faults: ({ jobs }) =>
    jobs
      .filter(({ stages }) => stages.length > 0)
      .flatMap((job) =>
        job.steps
          .filter(
            ({ uses, with: inputs }) =>
              /(^|\/)cache(\/restore)?@/.test(uses ?? '') ||
              isOn(inputs.cache) ||
              isOn(inputs['enable-cache'])
          )
          .map((step) => ({
            state: 'fail' as const,
            path: step.path,
            what: `The job ${job.id} restores a cache`,
            why: 'Another run may have put anything into it.',
            fix: 'Leave the cache out. Roots and inputs are checked by hash and need none.'
          }))
      )
}

function isOn(value: unknown): boolean {
  return value !== undefined && value !== false && value !== 'false' && value !== ''
}

/** What others write becomes no command. */
export const commandsRule: WorkflowRule = {
  name: 'commands',
  holds: 'No command is put together from expressions',
  faults: ({ jobs }) =>
    jobs.flatMap((job) =>
      job.steps
        .filter(({ run }) => run?.includes('${{') === true)
        .map((step) => {
          const foreign = /\$\{\{[^}]*\b(github\.(event|head_ref|ref_name)|inputs|steps|needs)\b/.test(
            step.run ?? ''
          )
          return {
            state: foreign ? ('fail' as const) : ('warn' as const),
            path: [...step.path, 'run'],
            what: `A command of the job ${job.id} is put together from an expression`,
            why: 'The text is pasted into a script before a shell reads it: a branch or title can be a command.',
            fix: 'Hand the value over in env:, and write "$NAME" in the command.'
          }
        })
    )
}

/** No token stays in the checkout. */
export const checkoutRule: WorkflowRule = {
  name: 'checkout',
  holds: 'No token stays in a checkout',
  faults: ({ jobs }) =>
    jobs.flatMap((job) =>
      job.steps
        .filter(
          ({ uses, with: inputs }) =>
            uses?.startsWith('actions/checkout@') === true &&
            String(inputs['persist-credentials']) !== 'false'
        )
        .map((step) => ({
          state: 'warn' as const,
          path: step.path,
          what: `The checkout of the job ${job.id} keeps its token for later steps`,
          why: 'Nothing of a release needs it.',
          fix: 'Add with: { persist-credentials: false }.'
        }))
    )
}

/** Two runs of one tag do not meet. */
export const concurrencyRule: WorkflowRule = {
  name: 'concurrency',
  holds: 'Two runs of one tag wait for each other',
  faults: ({ value }) =>
    value.concurrency === undefined
      ? [
          {
            state: 'warn',
            path: ['jobs'],
            what: 'There is no concurrency',
            why: 'Two runs of one tag can publish side by side.',
            fix: 'Add concurrency: { group: "${{ github.workflow }}-${{ github.ref }}" }.'
          }
        ]
      : []
}
