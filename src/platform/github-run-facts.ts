import { TagproofError } from './errors.ts'

/** What the runner says of the run that publishes, as it goes into certificates and provenance. */
export interface RunFacts {
  /** `https://github.com`, without a slash at its end. */
  server: string
  /** `owner/name`. */
  repository: string
  repositoryId: string
  ownerId: string
  /** `owner/name/.github/workflows/file.yml@refs/tags/v1.0`: the file that the run was started from. */
  workflowRef: string
  /** Commit of that file. */
  workflowCommit: string
  ref: string
  commit: string
  event: string
  runId: string
  runAttempt: string
  /** `github-hosted` or `self-hosted`. */
  runnerEnvironment: string
}

/**
 * @param environment what the runner set for the step
 * @throws TagproofError `signing-failed` where one of them is missing, or the workflow is not of this repository
 */
export function runFacts(environment: NodeJS.ProcessEnv): RunFacts {
  const read = (name: string): string => {
    const value = environment[name] ?? ''
    if (value !== '' && value.length <= 1024 && !/\p{C}/u.test(value)) return value
    throw unfit(name, value === '' ? 'nothing' : JSON.stringify(value.slice(0, 80)))
  }
  const facts: RunFacts = {
    server: read('GITHUB_SERVER_URL').replace(/\/$/, ''),
    repository: read('GITHUB_REPOSITORY'),
    repositoryId: read('GITHUB_REPOSITORY_ID'),
    ownerId: read('GITHUB_REPOSITORY_OWNER_ID'),
    workflowRef: read('GITHUB_WORKFLOW_REF'),
    workflowCommit: read('GITHUB_WORKFLOW_SHA'),
    ref: read('GITHUB_REF'),
    commit: read('GITHUB_SHA'),
    event: read('GITHUB_EVENT_NAME'),
    runId: read('GITHUB_RUN_ID'),
    runAttempt: read('GITHUB_RUN_ATTEMPT'),
    runnerEnvironment: read('RUNNER_ENVIRONMENT')
  }
  workflowOf(facts)
  return facts
}

/**
 * Path and ref of the workflow file.
 *
 * @throws TagproofError `signing-failed` if it is not a file of the repository of the run
 */
export function workflowOf({ repository, workflowRef }: RunFacts): { path: string; ref: string } {
  const at = workflowRef.indexOf('@')
  const path = workflowRef.slice(repository.length + 1, at)
  if (workflowRef.startsWith(`${repository}/`) && at > 0 && path.startsWith('.github/workflows/'))
    return { path, ref: workflowRef.slice(at + 1) }
  throw unfit('GITHUB_WORKFLOW_REF', workflowRef)
}

function unfit(name: string, found: string): TagproofError {
  return new TagproofError('signing-failed', 'The run does not say what an attestation must hold.', {
    found: `${name}: ${found}`,
    expected: 'the variables that a runner sets for every step',
    fix: 'Publish from a workflow of the repository, on GitHub; elsewhere set attestations: false.'
  })
}
