import * as core from '@actions/core'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { asTagproofError, TagproofError } from './platform/errors.ts'
import { readInputs, type ActionStage } from './platform/github-inputs.ts'
import { refuseUnfitJob, runsProjectCode } from './platform/github-job.ts'
import { refuseUnfitRun } from './platform/github-run.ts'
import { CommandGate, githubLog } from './platform/github-log.ts'
import * as report from './platform/github-report.ts'
import { makeWorkFolder, workState } from './platform/github-work.ts'
import { requireRights } from './platform/rights.ts'
import { ownProgram } from './platform/own-program.ts'
import type { StageContext } from './stages/context.ts'

const artifactClient = ownProgram('artifacts.cjs')

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
    const onSecret = (secret: string): void => gate.command(() => core.setSecret(secret))
    const inputs = readInputs(environment, onSecret)
    stage = inputs.stage
    refuseUnfitRun(inputs, environment)
    refuseUnfitJob(inputs, environment)
    if (runsProjectCode(inputs)) await requireRights()
    work = await useOwnTemporaryFolder(environment)
    const { runStage, stageContext, stageSummary } = await import('./action-stages.ts')
    const repository = environment.GITHUB_WORKSPACE ?? process.cwd()
    const out = path.resolve(repository, inputs.out)
    const context = stageContext({ repository, out, log: githubLog(gate, write), signal: stop }, environment)
    const outputs = await runStage({ context, inputs, environment, artifactClient, onSecret })
    for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value)
    const shown = await stageSummary(context, inputs)
    summary = report.fitSummary(shown.markdown, shown.whole)
    if (provingStages.includes(inputs.stage)) await tellProof(context, gate)
  } catch (thrown) {
    const error = stop.aborted
      ? new TagproofError('cancelled', 'Stopped on request.')
      : asTagproofError(thrown)
    if (summary === '')
      summary = report.fitSummary(report.failureSummary(stage, error), 'the log of the step')
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

/** Annotates the weightiest findings; a refused release ends the step. */
async function tellProof(context: StageContext, gate: CommandGate): Promise<void> {
  const { judgedProof } = await import('./stages/index.ts')
  const proof = await judgedProof(context)
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
    .addRaw(markdown, true)
    .write({ overwrite: true })
    .catch((error: unknown) => gate.print(`The summary could not be written: ${String(error)}`))
}
