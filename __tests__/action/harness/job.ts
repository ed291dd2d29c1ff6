import type { ChildProcess } from 'node:child_process'
import type { Step } from './action-files.ts'
import type { Annotation } from './workflow-commands.ts'

/** What is the same for all steps of a run's attempt. */
export interface RunFacts {
  id: string
  /** From 1. */
  attempt: number
  event: string
  sha: string
  /** File with the payload of the event. */
  eventFile: string
}

/** A job of the caller's workflow, and the machine it runs on. */
export interface Job {
  steps: Step[]
  /** The caller's checkout. */
  workspace: string
  ref: { type: 'tag' | 'branch'; name: string }
  /** The run that the job is part of, as the runner tells each step. */
  run: RunFacts
  /** Where the services of the run are; nothing answers there unless a test starts them. */
  services: { results: string; server: string }
  /** The job's own access token, for artifacts and, with the permission, for id tokens. */
  runtimeToken: string
  /** How a process is started on the machine of this job: by itself, or in a network and on a machine of its own. */
  wrap: (
    argv: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>>
  ) => [string, ...string[]]
  /** Kills what was started so, for good. */
  kill: (child: ChildProcess) => boolean
  /** Folder of programs that the scripts of the job find first, such as a package manager that has nothing to do. */
  programs: string | null
  /** Whether the permissions of the job hold `id-token: write`. */
  idToken: boolean
  secrets: Record<string, string>
  needs: Record<string, unknown>
  /** `env:` of the job. */
  env: Record<string, string>
  home: string
  runnerTemp: string
  /** Variables of the runner's own process, such as indexes and proxies. */
  runnerEnvironment: Record<string, string>
  /** Repositories that the runner has downloaded: `owner/name@ref` → folder. */
  downloaded: ReadonlyMap<string, string>
  /** Actions of others that the harness stands in for; undefined for any other. What it throws ends the test. */
  foreign?: (uses: string) => (() => void) | undefined
  /** Called for each line of output, with the process that wrote it: to cancel, or to kill. */
  onLine?: (line: string, child: ChildProcess) => void
}

/** One process that the runner started. */
export interface StepRecord {
  /** Ids from the job's step down to this one, `release/publish`. */
  id: string
  phase: 'main' | 'post'
  kind: 'node' | 'run'
  /** The program file or the script. */
  program: string
  environment: Readonly<Record<string, string>>
  conclusion: 'success' | 'failure'
  outputs: Readonly<Record<string, string>>
  summary: string
}

export interface JobResult {
  conclusion: 'success' | 'failure'
  /** In the order of their starts. */
  records: StepRecord[]
  /** Outputs of the job's own steps, by id; a composite's are evaluated. */
  outputs: Record<string, Record<string, string>>
  /** Per step of the job, after the runner's caps. */
  annotations: Record<string, Annotation[]>
  /** Masked, commands taken out. */
  log: string
  /** Values of outputs that hold a masked text: the runner would not hand them to other jobs. */
  warnings: string[]
}
