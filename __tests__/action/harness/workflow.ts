import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import type { Step } from './action-files.ts'
import { Machine, pinned } from './fixture.ts'
import type { Job, JobResult } from './job.ts'
import { evaluateCondition, evaluateText, workflowFileErrors, type Status } from './language.ts'
import { githubContext, runJob } from './runner.ts'
import type { Services } from './run-services.ts'

export interface JobText {
  needs?: string | string[]
  if?: string
  permissions?: Record<string, string> | string
  environment?: string | { name: string }
  outputs?: Record<string, string>
  env?: Record<string, string>
  strategy?: unknown
  steps: Step[]
}

/** One job of one attempt, and where it ran. */
export interface RanJob {
  result: 'success' | 'failure' | 'skipped' | 'cancelled'
  outputs: Record<string, string>
  /** Of the job that ran; undefined for one that did not. */
  ran?: JobResult
  machine?: Machine
  /** The attempt that it ran in. */
  attempt: number
}

export type Attempt = Record<string, RanJob>

export interface WorkflowRun {
  /** The workflow file, with our action under the name that the machines know it by. */
  text: string
  /** The repository that jobs check out. */
  origin: Machine
  services: Services
  ref?: Job['ref']
  event?: string
  secrets?: Record<string, string>
}

/** What is different where a job runs alone. */
export interface Alone {
  /** Parts of the job's text, such as an `if` or no environment. */
  text?: Partial<JobText>
  /** Parts of what the runner tells, or a way to kill it. */
  job?: (job: Job) => Partial<Job>
  /** All jobs were run again: what the run holds so far is out of reach. */
  newRun?: boolean
}

/** Puts our action where the documentation has a place for it. */
export function withPinnedAction(text: string): string {
  return text.replaceAll(/OWNER\/tagproof@COMMIT( #.*)?/g, `${pinned} # v0.0.0`)
}

/**
 * Runs whole workflow files: jobs in the order of `needs`, each on a machine of its own with nothing but what its steps
 * bring there, with the permissions, outputs and attempts of the real thing. Matrices are not known.
 */
export class Workflow {
  private readonly jobs: Record<string, JobText>
  private readonly run: WorkflowRun
  private readonly id = String(100 + Math.floor(Math.random() * 1e6))
  private readonly machines: Machine[] = []
  private attempt = 0
  private backend = ''
  private last: Partial<Attempt> = {}

  constructor(run: WorkflowRun) {
    const errors = workflowFileErrors('release.yml', run.text)
    if (errors.length > 0) throw new Error(errors.join('\n'))
    this.run = run
    this.jobs = (parse(run.text) as { jobs: Record<string, JobText> }).jobs
  }

  /** All jobs, from the first on; what an earlier attempt left in the service is out of reach then. */
  async runAll(): Promise<Attempt> {
    this.attempt += 1
    this.backend = `run-${this.id}-${this.attempt}`
    this.last = {}
    return this.execute()
  }

  /** The jobs that did not succeed, and those that need them; the others keep their outputs. */
  async rerunFailed(): Promise<Attempt> {
    this.attempt += 1
    return this.execute()
  }

  /** One job alone, in an attempt of its own, after others that ended as is said. */
  async only(id: string, done: Attempt, change: Alone = {}): Promise<RanJob> {
    this.attempt += 1
    const text = this.jobs[id]
    if (text === undefined) throw new Error(`no job ${id}`)
    const { backend } = this
    if (change.newRun === true) this.backend = `run-${this.id}-${this.attempt}`
    try {
      return await this.runOne(id, { ...text, ...change.text }, [text.needs ?? []].flat(), done, change.job)
    } finally {
      this.backend = backend
    }
  }

  /** Id of the run in the artifact service. */
  get backendId(): string {
    return this.backend
  }

  remove(): void {
    for (const machine of this.machines) machine.remove()
  }

  private async execute(): Promise<Attempt> {
    const done: Attempt = {}
    for (const [id, text] of ordered(this.jobs)) {
      const before = this.last[id]
      const needs = [text.needs ?? []].flat()
      const kept = before?.result === 'success' && !needs.some((need) => done[need]?.attempt === this.attempt)
      done[id] = kept ? before : await this.runOne(id, text, needs, done)
    }
    this.last = done
    return done
  }

  private async runOne(
    id: string,
    text: JobText,
    names: readonly string[],
    done: Attempt,
    change: (job: Job) => Partial<Job> = () => ({})
  ): Promise<RanJob> {
    if (text.strategy !== undefined) throw new Error(`the harness knows no matrix: ${id}`)
    const needs = Object.fromEntries(
      names.map((name) => [
        name,
        { result: done[name]?.result ?? 'skipped', outputs: done[name]?.outputs ?? {} }
      ])
    )
    const machine = new Machine()
    this.machines.push(machine)
    const made = this.jobOf(id, text, machine, needs)
    const job = { ...made, ...change(made) }
    const contexts = { github: githubContext(job), needs }
    const bad = Object.values(needs).find(({ result }) => result !== 'success')
    const status: Status =
      bad === undefined ? 'success' : bad.result === 'cancelled' ? 'cancelled' : 'failure'
    if (!evaluateCondition(text.if, contexts, status))
      return { result: 'skipped', outputs: {}, attempt: this.attempt }
    const ran = await runJob(job)
    const steps = Object.fromEntries(
      Object.entries(ran.outputs).map(([step, outputs]) => [step, { outputs }])
    )
    const outputs = Object.fromEntries(
      Object.entries(text.outputs ?? {}).map(([name, value]) => [
        name,
        evaluateText(value, { ...contexts, steps })
      ])
    )
    return { result: ran.conclusion, outputs, ran, machine, attempt: this.attempt }
  }

  private jobOf(id: string, text: JobText, machine: Machine, needs: Job['needs']): Job {
    const { origin, services, ref = { type: 'tag', name: 'v1.0.0' }, event = 'push', secrets = {} } = this.run
    const permissions = typeof text.permissions === 'object' ? text.permissions : {}
    const environment = typeof text.environment === 'object' ? text.environment.name : text.environment
    const claims = {
      scp: `Actions.Results:${this.backend}:${id}-${this.attempt}`,
      permissions,
      ...(environment === undefined ? {} : { environment }),
      ref: `refs/tags/${ref.name}`
    }
    const name = `${this.id}-${this.attempt}-${id}`
    const job = machine.job({
      steps: text.steps,
      ref,
      needs,
      secrets,
      idToken: permissions['id-token'] === 'write',
      env: text.env ?? {},
      run: { id: this.id, attempt: this.attempt, event, sha: origin.head(), eventFile: '/nonexistent' },
      services: { results: services.url, server: services.serverUrl },
      runtimeToken: `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`,
      wrap: (argv, environment) => services.wrap(name, argv, environment),
      kill: (child) => services.kill(name, child),
      programs: idlePrograms(machine),
      foreign: (uses) =>
        uses.startsWith('actions/checkout@') ? () => this.checkOut(machine, permissions) : undefined
    })
    return job
  }

  /** As actions/checkout does with a tag: its commit, and the tag as it is in the repository. */
  private checkOut(machine: Machine, permissions: Record<string, string>): void {
    if (permissions.contents === undefined)
      throw new Error('checkout without contents: read: repository not found')
    rmSync(machine.workspace, { recursive: true, force: true })
    const { name } = this.run.ref ?? { name: 'v1.0.0' }
    execFileSync('git', ['clone', '-q', '--branch', name, this.run.origin.workspace, machine.workspace], {
      env: { PATH: process.env.PATH ?? '', GIT_CONFIG_GLOBAL: '/dev/null' },
      stdio: ['ignore', 'ignore', 'pipe']
    })
  }
}

/** Packages of the system are there, and a step that installs them has nothing to do. */
function idlePrograms(machine: Machine): string {
  const folder = path.join(machine.folder, 'programs')
  mkdirSync(folder)
  for (const name of ['sudo', 'apt-get']) {
    writeFileSync(path.join(folder, name), '#!/bin/sh\nexit 0\n')
    chmodSync(path.join(folder, name), 0o755)
  }
  return folder
}

/** Each job after those that it needs. */
function ordered(jobs: Record<string, JobText>): [string, JobText][] {
  const list: [string, JobText][] = []
  const place = (id: string): void => {
    const job = jobs[id]
    if (job === undefined) throw new Error(`no job ${id}`)
    if (list.some(([other]) => other === id)) return
    for (const need of [job.needs ?? []].flat()) place(need)
    list.push([id, job])
  }
  for (const id of Object.keys(jobs)) place(id)
  return list
}
