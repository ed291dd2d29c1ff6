import path from 'node:path'
import type { Job } from './job.ts'

/** Token of a job that has no services; tests look for it where it must not be. */
export const runtimeToken = 'runtime-token-of-this-job-0123456789'
/** Nothing listens there. */
export const noServices = { results: 'http://127.0.0.1:9', server: 'https://127.0.0.1:9' }

/** The file that each file command of one step writes to. */
export interface CommandFiles {
  output: string
  env: string
  state: string
  summary: string
  path: string
}

export function commandFiles(folder: string, step: string): CommandFiles {
  const file = (name: string): string => path.join(folder, `${name}_${step}`)
  return {
    output: file('set_output'),
    env: file('set_env'),
    state: file('save_state'),
    summary: file('step_summary'),
    path: file('add_path')
  }
}

/** What every step sees: GITHUB_*, RUNNER_*, the job's own env, and the id token where the job may have one. */
export function commonEnvironment(
  job: Job,
  shared: ReadonlyMap<string, string>,
  files: CommandFiles
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: job.home,
    ...job.runnerEnvironment,
    ...job.env,
    ...Object.fromEntries(shared),
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: job.workspace,
    GITHUB_REPOSITORY: 'octo/project',
    GITHUB_REF: `refs/${job.ref.type === 'tag' ? 'tags' : 'heads'}/${job.ref.name}`,
    GITHUB_REF_NAME: job.ref.name,
    GITHUB_REF_TYPE: job.ref.type,
    GITHUB_RUN_ID: job.run.id,
    GITHUB_RUN_ATTEMPT: String(job.run.attempt),
    GITHUB_EVENT_NAME: job.run.event,
    GITHUB_EVENT_PATH: job.run.eventFile,
    GITHUB_SHA: job.run.sha,
    GITHUB_SERVER_URL: job.services.server,
    GITHUB_OUTPUT: files.output,
    GITHUB_ENV: files.env,
    GITHUB_STATE: files.state,
    GITHUB_STEP_SUMMARY: files.summary,
    GITHUB_PATH: files.path,
    RUNNER_TEMP: job.runnerTemp,
    RUNNER_OS: 'Linux',
    ...(job.idToken
      ? {
          ACTIONS_ID_TOKEN_REQUEST_URL: `${job.services.results}/idtoken?api-version=2.0`,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: job.runtimeToken
        }
      : {})
  }
}

/** What a node action sees besides: its inputs, its state, and the runtime token (NodeScriptActionHandler.cs). */
export function nodeEnvironment(
  job: Pick<Job, 'services' | 'runtimeToken'>,
  inputs: Readonly<Record<string, string>>,
  state: ReadonlyMap<string, string>
): Record<string, string> {
  const named = (prefix: string, entries: Iterable<[string, string]>): [string, string][] =>
    [...entries].map(([name, value]) => [`${prefix}${name.replaceAll(' ', '_')}`, value])
  return {
    ...Object.fromEntries(
      named('INPUT_', Object.entries(inputs)).map(([name, value]) => [name.toUpperCase(), value])
    ),
    ...Object.fromEntries(named('STATE_', state)),
    ACTIONS_RUNTIME_URL: job.services.results,
    ACTIONS_RUNTIME_TOKEN: job.runtimeToken,
    ACTIONS_RESULTS_URL: job.services.results,
    ACTIONS_CACHE_URL: job.services.results
  }
}
