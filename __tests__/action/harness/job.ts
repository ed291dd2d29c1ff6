import type { ChildProcess } from 'node:child_process'
import type { Step } from './action-files.ts'
import type { Annotation } from './workflow-commands.ts'

/** A job of the caller's workflow, and the machine it runs on. */
export interface Job {
  steps: Step[]
  /** The caller's checkout. */
  workspace: string
  ref: { type: 'tag' | 'branch'; name: string }
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
