import * as core from '@actions/core'
import { access, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { readDocument } from './documents/reading.ts'
import { asTagproofError, TagproofError } from './platform/errors.ts'
import { hashFile, sha256OfBytes } from './platform/files.ts'
import { readInputs, type ActionInputs, type ActionStage } from './platform/github-inputs.ts'
import { refuseUnfitJob } from './platform/github-job.ts'
import { CommandGate, githubLog } from './platform/github-log.ts'
import * as report from './platform/github-report.ts'
import type { ActionOutputs } from './platform/github-report.ts'
import { makeWorkFolder, workState } from './platform/github-work.ts'
import type { StageContext } from './stages/context.ts'

type Stages = typeof import('./stages/index.ts')

/** The stages that make a proof, and show it. */
const provingStages: readonly ActionStage[] = ['rehearse', 'prove']

/** Main part of a step. Never rejects: how it ended is told to the runner. */
export async function main(environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  const write = (text: string): boolean => process.stdout.write(text)
  const gate = new CommandGate(write)
  let stage = environment.INPUT_STAGE ?? ''
  let summary = ''
  let work = ''
  const stop = stopOnSignal()
  try {
    const inputs = readInputs(environment, (secret) => gate.command(() => core.setSecret(secret)))
    stage = inputs.stage
    refuseUnfitJob(inputs, environment)
    work = await useOwnTemporaryFolder(environment)
    const stages = await import('./stages/index.ts')
    const context = openContext(stages, inputs, environment, gate, write, stop)
    const outputs = await runStage(stages, context, inputs)
    for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value)
    summary = await stageSummary(context, inputs, outputs)
    if (provingStages.includes(inputs.stage)) await tellProof(context, gate)
  } catch (thrown) {
    const error = stop.aborted
      ? new TagproofError('cancelled', 'Stopped on request.')
      : asTagproofError(thrown)
    if (summary === '') summary = report.failureSummary(stage, error)
    const said = [error.detail.output ?? '', error.code === 'internal' ? (error.stack ?? '') : '']
    for (const line of said.join('\n').split('\n')) if (line !== '') gate.print(line)
    gate.command(() => core.setFailed(report.failureSentence(error)))
  }
  await writeSummary(summary, environment, gate)
  if (work !== '') await rm(work, { recursive: true, force: true }).catch(() => undefined)
  gate.open()
}

/** The runner asks with SIGINT, and insists with SIGTERM 7.5 seconds later. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  return stop.signal
}

function openContext(
  stages: Stages,
  inputs: ActionInputs,
  environment: NodeJS.ProcessEnv,
  gate: CommandGate,
  write: (text: string) => boolean,
  signal: AbortSignal
): StageContext {
  const repository = environment.GITHUB_WORKSPACE ?? process.cwd()
  const out = path.resolve(repository, inputs.out)
  return stages.stageContext({ repository, out, log: githubLog(gate, write), signal }, environment)
}

/** Runs one stage, with the same functions as the command, and says what later steps may know. */
async function runStage(stages: Stages, context: StageContext, inputs: ActionInputs): Promise<ActionOutputs> {
  switch (inputs.stage) {
    case 'rehearse':
      await stages.rehearse(context, { ...sourceOptions(context, inputs), complete: inputs.complete })
      return recordOutputs(context)
    case 'plan': {
      const plan = await stages.plan(context, sourceOptions(context, inputs))
      const matrix = JSON.stringify(report.planMatrix(plan, machine()))
      return { version: plan.version ?? '', digest: (await hashFile(context.out.plan)).sha256, matrix }
    }
    case 'build': {
      if (!(await exists(context.out.plan))) await stages.plan(context, sourceOptions(context, inputs))
      const plan = await stages.readPlan(context)
      requireTag(inputs, plan.tag.name)
      await stages.fetch(context, plan)
      await stages.build(context, { worlds: inputs.worlds })
      // In the calm of world a: where both worlds have jobs of their own, in that one's.
      if (inputs.complete && inputs.worlds.includes('a')) await stages.complete(context)
      return { version: plan.version ?? '', digest: await buildDigest(context, inputs) }
    }
    case 'prove':
      requireTag(inputs, (await stages.readPlan(context)).tag.name)
      await stages.prove(context, { singleJob: inputs.singleJob })
      await stages.record(context)
      return recordOutputs(context)
    case 'publish':
      requireTag(inputs, (await readDocument('proof', context.out.proof)).document.tag.name)
      await stages.publish(context)
      return recordOutputs(context)
  }
}

/** What an earlier stage left must be of the tag that this run is about. */
function requireTag(inputs: ActionInputs, found: string): void {
  const expected = inputs.tag?.replace(/^refs\/tags\//, '') ?? found
  if (found === expected) return
  throw new TagproofError('document-mismatch', `The folder ${inputs.out} holds the release of another tag.`, {
    found,
    expected,
    fix: 'Hand on the folder that the earlier stage of this run has left, or empty it.'
  })
}

function sourceOptions(
  context: StageContext,
  inputs: ActionInputs
): { targets: string[]; tag?: string; config?: string } {
  return {
    targets: inputs.targets,
    ...(inputs.tag === undefined ? {} : { tag: inputs.tag }),
    ...(inputs.config === undefined ? {} : { config: path.resolve(context.repository, inputs.config) })
  }
}

function machine(): { platform: string; runner: string } {
  return process.arch === 'arm64'
    ? { platform: 'linux/arm64', runner: 'ubuntu-24.04-arm' }
    : { platform: 'linux/amd64', runner: 'ubuntu-24.04' }
}

async function recordOutputs(context: StageContext): Promise<ActionOutputs> {
  const { document, sha256 } = await readDocument('release', context.out.release)
  return report.releaseOutputs(document, sha256)
}

/** Of one world: its `build.json`. Of both: the lines that `sha256sum` writes for the two. */
async function buildDigest(context: StageContext, inputs: ActionInputs): Promise<string> {
  const lines: string[] = []
  for (const world of inputs.worlds) {
    const { sha256 } = await hashFile(path.join(context.out.build(world), 'build.json'))
    if (inputs.worlds.length === 1) return sha256
    lines.push(`${sha256}  build-${world}/build.json\n`)
  }
  return sha256OfBytes(lines.join(''))
}

async function stageSummary(
  context: StageContext,
  inputs: ActionInputs,
  outputs: ActionOutputs
): Promise<string> {
  if (provingStages.includes(inputs.stage)) return readFile(context.out.summary, 'utf8')
  return report.shortSummary(inputs.stage, outputs)
}

/** Annotates the weightiest findings; a refused release ends the step. */
async function tellProof(context: StageContext, gate: CommandGate): Promise<void> {
  const { document: proof } = await readDocument('proof', context.out.proof)
  for (const { severity, title, message } of report.findingAnnotations(proof.findings))
    gate.command(() => core[severity](message, { title }))
  if (proof.verdict === 'refused') throw report.refusal(proof)
}

/** What the stages leave in the temporary folder goes when the job ends, even if the step is killed. */
async function useOwnTemporaryFolder(environment: NodeJS.ProcessEnv): Promise<string> {
  const work = await makeWorkFolder(environment)
  core.saveState(workState, work)
  process.env.TMPDIR = work
  return work
}

async function writeSummary(
  markdown: string,
  environment: NodeJS.ProcessEnv,
  gate: CommandGate
): Promise<void> {
  if (markdown === '' || (environment.GITHUB_STEP_SUMMARY ?? '') === '') return
  await core.summary
    .addRaw(report.fitSummary(markdown), true)
    .write({ overwrite: true })
    .catch((error: unknown) => gate.print(`The summary could not be written: ${String(error)}`))
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
