import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { loadAction, type ActionFile, type LoadedAction, type Step } from './action-files.ts'
import { parseFileCommands } from './file-commands.ts'
import type { Job, JobResult, StepRecord } from './job.ts'
import { evaluateCondition, evaluateText, repositoryRoot, type Contexts, type Status } from './language.ts'
import { commandFiles, commonEnvironment, nodeEnvironment } from './step-environment.ts'
import { CommandReader, Masker } from './workflow-commands.ts'

/** The runner's limit; a larger summary is dropped whole, with an error annotation. */
const summaryLimit = 1024 * 1024
const node24 = path.join(repositoryRoot, 'node_modules/node/bin/node')

type Values = Record<string, string>
type Conclusion = StepRecord['conclusion']

interface Scope {
  id: string
  within: LoadedAction | null
  contexts: Contexts
  reader: CommandReader
}

interface PostStep {
  condition: string | undefined
  run: () => Promise<Conclusion>
}

/** Runs a job as the runner would: research notes, tables 2a, 2b and 2d, with the runner's sources as the authority. */
export async function runJob(job: Job): Promise<JobResult> {
  return new Runner(job).run()
}

/** The part of the `github` context that workflows of ours may ask for. */
export function githubContext(job: Pick<Job, 'workspace' | 'ref' | 'run' | 'runtimeToken'>): object {
  return {
    workspace: job.workspace,
    ref: `refs/${job.ref.type === 'tag' ? 'tags' : 'heads'}/${job.ref.name}`,
    ref_name: job.ref.name,
    ref_type: job.ref.type,
    sha: job.run.sha,
    run_id: job.run.id,
    run_attempt: String(job.run.attempt),
    event_name: job.run.event,
    repository: 'octo/project',
    workflow: 'Release',
    token: `ghs_${job.runtimeToken}`
  }
}

class Runner {
  private readonly job: Job
  private readonly masker = new Masker()
  private readonly shared = new Map<string, string>()
  private readonly posts: PostStep[] = []
  private readonly result: JobResult = {
    conclusion: 'success',
    records: [],
    outputs: {},
    annotations: {},
    log: '',
    warnings: []
  }

  constructor(job: Job) {
    this.job = job
    for (const secret of Object.values(job.secrets)) this.masker.add(secret)
  }

  async run(): Promise<JobResult> {
    const { job, result } = this
    const github = githubContext(job)
    const steps: Record<string, unknown> = {}
    for (const [index, step] of job.steps.entries()) {
      const id = step.id ?? `step${index + 1}`
      const contexts = { github, secrets: job.secrets, needs: job.needs, steps, env: job.env, inputs: {} }
      if (!evaluateCondition(step.if, contexts, result.conclusion)) continue
      const reader = new CommandReader(this.masker)
      const { conclusion, outputs } = await this.runStep(step, { id, within: null, contexts, reader })
      if (conclusion === 'failure') result.conclusion = 'failure'
      result.outputs[id] = outputs
      steps[id] = { outputs, conclusion, outcome: conclusion }
      this.close(id, reader)
    }
    for (const post of this.posts.reverse())
      if (
        evaluateCondition(post.condition, { github }, result.conclusion) &&
        (await post.run()) === 'failure'
      )
        result.conclusion = 'failure'
    return result
  }

  /** Annotations of a composite's children are collected in its one step, and capped there. */
  private close(id: string, reader: CommandReader): void {
    this.result.annotations[id] = reader.annotations()
    this.result.log += reader.log.map((line) => `${line}\n`).join('')
    for (const [name, value] of Object.entries(this.result.outputs[id] ?? {}))
      if (this.masker.mask(value) !== value)
        this.result.warnings.push(`output ${id}.${name} may contain a secret`)
  }

  private async runStep(step: Step, scope: Scope): Promise<{ conclusion: Conclusion; outputs: Values }> {
    if (step.uses === undefined) return this.runScript(step, scope)
    const known = this.job.foreign?.(step.uses)
    if (known !== undefined) {
      known()
      return { conclusion: 'success', outputs: {} }
    }
    const action = loadAction(step.uses, scope.within, this.job)
    const inputs = this.inputsOf(action.file, step, scope)
    return action.file.runs.using === 'composite'
      ? this.runComposite(action, action.file.runs.steps, inputs, scope)
      : this.runNode(action, action.file.runs, inputs, scope)
  }

  /** Values of `with`, then the defaults: every declared input gets one, if only an empty one. */
  private inputsOf(file: ActionFile, step: Step, scope: Scope): Values {
    const inputs: Values = {}
    for (const [name, value] of Object.entries(step.with ?? {})) {
      inputs[name] = evaluateText(String(value), scope.contexts)
      if (file.inputs?.[name] === undefined)
        scope.reader.raise({ kind: 'warning', title: '', message: `Unexpected input(s) '${name}'` })
    }
    for (const [name, input] of Object.entries(file.inputs ?? {}))
      inputs[name] ??= evaluateText(String(input.default ?? ''), { github: scope.contexts.github })
    return inputs
  }

  private async runComposite(
    action: LoadedAction,
    children: readonly Step[],
    inputs: Values,
    scope: Scope
  ): Promise<{ conclusion: Conclusion; outputs: Values }> {
    const steps: Record<string, { outputs: Values; conclusion: string; outcome: string }> = {}
    const contexts = { github: scope.contexts.github, env: scope.contexts.env, inputs, steps }
    let status: Status & Conclusion = 'success'
    for (const [index, child] of children.entries()) {
      const id = child.id ?? `__${index}`
      if (!evaluateCondition(child.if, contexts, status)) {
        steps[id] = { outputs: {}, conclusion: 'skipped', outcome: 'skipped' }
        continue
      }
      const ended = await this.runStep(child, { ...scope, id: `${scope.id}/${id}`, within: action, contexts })
      steps[id] = { outputs: ended.outputs, conclusion: ended.conclusion, outcome: ended.conclusion }
      if (ended.conclusion === 'failure') status = 'failure'
    }
    // Evaluated also after a failure (CompositeActionHandler.cs).
    const outputs = Object.entries(action.file.outputs ?? {}).map(([name, output]): [string, string] => [
      name,
      evaluateText(output.value ?? '', contexts)
    ])
    return { conclusion: status, outputs: Object.fromEntries(outputs) }
  }

  private async runNode(
    action: LoadedAction,
    runs: { main: string; post?: string; 'post-if'?: string },
    inputs: Values,
    scope: Scope
  ): Promise<{ conclusion: Conclusion; outputs: Values }> {
    const state = new Map<string, string>()
    const start = (phase: StepRecord['phase'], program: string, reader: CommandReader): Promise<StepRecord> =>
      this.start(
        { id: scope.id, phase, kind: 'node', program },
        [node24, program],
        reader,
        () => nodeEnvironment(this.job, inputs, state),
        state
      )
    const { post } = runs
    if (post !== undefined)
      this.posts.push({
        condition: runs['post-if'] ?? 'always()',
        run: async () => {
          const reader = new CommandReader(this.masker)
          const record = await start('post', path.join(action.folder, post), reader)
          this.close(`post ${scope.id}`, reader)
          return record.conclusion
        }
      })
    return start('main', path.join(action.folder, runs.main), scope.reader)
  }

  private async runScript(step: Step, scope: Scope): Promise<{ conclusion: Conclusion; outputs: Values }> {
    const script = evaluateText(step.run ?? '', scope.contexts)
    const own = Object.entries(step.env ?? {}).map(([name, value]): [string, string] => [
      name,
      evaluateText(value, scope.contexts)
    ])
    return this.start(
      { id: scope.id, phase: 'main', kind: 'run', program: script },
      ['bash', '-e', '-c', script],
      scope.reader,
      () => ({ ...this.scriptPath(), ...Object.fromEntries(own) }),
      new Map()
    )
  }

  private scriptPath(): Values {
    const { programs } = this.job
    return programs === null ? {} : { PATH: `${programs}:${process.env.PATH ?? ''}` }
  }

  /** Starts one process, reads what it says and what it wrote into its command files. */
  private async start(
    record: Pick<StepRecord, 'id' | 'phase' | 'kind' | 'program'>,
    argv: readonly [string, ...string[]],
    reader: CommandReader,
    own: () => Values,
    state: Map<string, string>
  ): Promise<StepRecord> {
    const folder = path.join(this.job.runnerTemp, '_runner_file_commands')
    mkdirSync(folder, { recursive: true })
    const files = commandFiles(folder, String(this.result.records.length))
    for (const file of Object.values<string>({ ...files })) writeFileSync(file, '')
    const environment = { ...commonEnvironment(this.job, this.shared, files), ...own() }
    const [program, ...args] = this.job.wrap(argv, environment)
    const code = await this.execute(program, args, environment, reader)
    const read = (file: string): Map<string, string> => parseFileCommands(readFileSync(file, 'utf8'))
    for (const [name, value] of read(files.state)) state.set(name, value)
    for (const [name, value] of read(files.env)) if (name !== 'NODE_OPTIONS') this.shared.set(name, value)
    const ended: StepRecord = {
      ...record,
      environment,
      conclusion: code === 0 ? 'success' : 'failure',
      outputs: Object.fromEntries(read(files.output)),
      summary: this.readSummary(files.summary, reader)
    }
    this.result.records.push(ended)
    return ended
  }

  private async execute(
    program: string,
    args: readonly string[],
    environment: Values,
    reader: CommandReader
  ): Promise<number | null> {
    const child = spawn(program, args, {
      cwd: this.job.workspace,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const read = async (stream: Readable): Promise<void> => {
      for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
        this.job.onLine?.(line, child)
        reader.line(line)
      }
    }
    const ended = new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('close', resolve)
    )
    await Promise.all([read(child.stdout), read(child.stderr)])
    return ended
  }

  private readSummary(file: string, reader: CommandReader): string {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    if (Buffer.byteLength(text) <= summaryLimit) return this.masker.mask(text)
    reader.raise({ kind: 'error', title: '', message: 'GITHUB_STEP_SUMMARY upload aborted: too large' })
    return ''
  }
}
