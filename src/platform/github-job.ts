import { TagproofError } from './errors.ts'
import type { ActionInputs, ActionStage } from './github-inputs.ts'

/**
 * Refuses to start a stage in a job where it must not run.
 *
 * @param environment what the runner set for the step; `ACTIONS_ID_TOKEN_REQUEST_URL` is there for every step
 *   of a job with `id-token: write` (runner, NodeScriptActionHandler.cs)
 * @throws TagproofError `job-failed` if an earlier job did not succeed, `single-job` if project code would
 *   run where an id token can be requested, `usage` for a credential that this version cannot use
 */
export function refuseUnfitJob(inputs: ActionInputs, environment: NodeJS.ProcessEnv): void {
  for (const [job, { result }] of Object.entries(inputs.needs))
    if (result !== 'success')
      throw new TagproofError('job-failed', `The earlier job ${job} did not succeed.`, {
        found: `${job}: ${result}`,
        expected: `${job}: success`,
        fix: 'Look at that job, and run the failed jobs again.'
      })
  refuseIdToken(inputs, environment)
}

/** Prove installs and starts the packages, in the sandbox. */
const projectCode: readonly ActionStage[] = ['rehearse', 'build', 'prove']

/** Whether the stage sets up sandboxes, and runs code of the project in them. */
export function runsProjectCode({ stage }: Pick<ActionInputs, 'stage'>): boolean {
  return projectCode.includes(stage)
}

function refuseIdToken(inputs: ActionInputs, environment: NodeJS.ProcessEnv): void {
  if (!runsProjectCode(inputs) || inputs.singleJob || (environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? '') === '')
    return
  throw new TagproofError(
    'single-job',
    `The stage ${inputs.stage} runs where an id token can be requested.`,
    {
      found: 'id-token: write in the permissions of the job',
      expected: 'a job without it, so that no build runs beside a credential',
      fix:
        inputs.stage !== 'rehearse'
          ? 'Remove id-token: write from this job, or set single-job: true to accept the weaker separation.'
          : 'Remove id-token: write from this job: a rehearsal needs no credential.'
    }
  )
}
