import { access } from 'node:fs/promises'
import path from 'node:path'
import type { TagRef } from './documents/fields.ts'
import { readDocument } from './documents/reading.ts'
import type { Handover } from './documents/handover.ts'
import { folderStore } from './platform/artifacts/folder-store.ts'
import { serviceStore } from './platform/artifacts/service-store.ts'
import { TagproofError } from './platform/errors.ts'
import { hashFile, sha256OfBytes } from './platform/files.ts'
import { requireEnvironment } from './platform/github-environment.ts'
import { identityToken } from './platform/github-identity.ts'
import type { ActionInputs } from './platform/github-inputs.ts'
import { planMatrix } from './evidence/plan-preview.ts'
import { releaseOutputs, type ActionOutputs } from './platform/github-report.ts'
import { requireCommitOfRun } from './platform/github-run.ts'
import { createHttpClient } from './platform/http.ts'
import { machineOf } from './platform/machine.ts'
import { requireTagOnServer } from './source/remote-tag.ts'
import type { RunPlace } from './stages/hand-over.ts'
import * as stages from './stages/index.ts'
import type { StageContext } from './stages/index.ts'

export { stageSummary } from './action-summary.ts'
export { stageContext } from './stages/index.ts'

/** What a step of the action is given. */
export interface ActionStep {
  context: StageContext
  inputs: ActionInputs
  environment: NodeJS.ProcessEnv
  /** Program of the artifact client. */
  artifactClient: string
  /** Masks a secret. */
  onSecret: (value: string) => void
}

/** Runs one stage, with the same functions as the command, and says what later steps may know. */
export async function runStage(step: ActionStep): Promise<ActionOutputs> {
  const { context, inputs } = step
  switch (inputs.stage) {
    case 'rehearse':
      await stages.rehearse(context, {
        ...sourceOptions(step),
        complete: inputs.complete,
        adopt: setsOf(step)
      })
      return recordOutputs(context)
    case 'plan':
      return planStep(step)
    case 'build':
      return buildStep(step)
    case 'prove':
      return proveStep(step)
    case 'publish':
      return publishStep(step)
  }
}

async function planStep(step: ActionStep): Promise<ActionOutputs> {
  const { context, environment } = step
  const preview = environment.GITHUB_EVENT_NAME === 'pull_request'
  const plan = await stages.plan(context, { ...sourceOptions(step), untagged: preview })
  if (!preview) requireCommitOfRun(plan.tag, environment)
  const place = preview ? null : await placeOf(step)
  if (place !== null) await requireTagUnmoved(step, plan.tag)
  return {
    ...handed(place && (await stages.handOver(context, place, { stage: 'plan' }))),
    version: plan.version ?? '',
    digest: (await hashFile(context.out.plan)).sha256,
    matrix: JSON.stringify(planMatrix(plan))
  }
}

async function buildStep(step: ActionStep): Promise<ActionOutputs> {
  const { context, inputs } = step
  const { worlds, complete } = inputs
  const place = await placeOf(step)
  if (place !== null) await stages.takeOver(context, place, { stage: 'build', worlds })
  else if (!(await exists(context.out.plan))) await stages.plan(context, sourceOptions(step))
  const plan = await stages.readPlan(context)
  requireTagOfRun(step, plan.tag)
  await stages.fetch(context, plan)
  await stages.build(context, { worlds })
  // In the calm of world a: where both worlds have jobs of their own, in that one's.
  if (complete && worlds.includes('a')) await stages.complete(context)
  return {
    ...handed(place && (await stages.handOver(context, place, { stage: 'build', worlds }))),
    version: plan.version ?? '',
    digest: await buildDigest(step)
  }
}

/** Folders of the workspace, which a step before has filled. */
function setsOf({ context, inputs }: ActionStep): string[] {
  return inputs.adopt.map((folder) => path.resolve(context.repository, folder))
}

/** The packages are tried where they were proven: as in a rehearsal, in the sandbox, beside no credential. */
async function proveStep(step: ActionStep): Promise<ActionOutputs> {
  const { context, inputs } = step
  const { singleJob } = inputs
  const place = await placeOf(step)
  if (place !== null) await stages.takeOver(context, place, { stage: 'prove', singleJob })
  const plan = await stages.readPlan(context)
  requireTagOfRun(step, plan.tag)
  const { verdict } = await stages.prove(context, { singleJob, adopt: setsOf(step) })
  if (verdict !== 'refused') await stages.fetch(context, plan)
  await stages.tryPackages(context)
  const release = await stages.record(context)
  const hand = place !== null && release.verdict !== 'refused'
  return {
    ...handed(hand ? await stages.handOver(context, place, { stage: 'prove' }) : null),
    ...(await recordOutputs(context))
  }
}

async function publishStep(step: ActionStep): Promise<ActionOutputs> {
  const { context, inputs, environment, onSecret } = step
  // One job that runs all stages has said so, and the proof says it for ever.
  if (inputs.handover.by !== 'none') {
    const http = createHttpClient({ environment })
    const name = await requireEnvironment(http, environment, onSecret).finally(() => http.close())
    context.log.info(`Publishing from the environment ${JSON.stringify(name)}.`)
  }
  const place = await placeOf(step)
  if (place !== null) await stages.takeOver(context, place, { stage: 'publish' })
  const { document: proof } = await readDocument('proof', context.out.proof)
  requireTagOfRun(step, proof.tag)
  if (place !== null) await requireTagUnmoved(step, proof.tag)
  const published = stages.publish(context, {
    given: inputs.credentials,
    nameOf: (name) => `The input ${name}`,
    identityToken: (http, audience) => identityToken(http, environment, audience, onSecret),
    onSecret,
    environment
  })
  // A publication that failed half-way is the one that has to be looked at.
  const { receipt } = await published.finally(() =>
    place === null ? undefined : stages.keepReceipt(context, place)
  )
  return { ...(await recordOutputs(context)), receipt: JSON.stringify(receipt) }
}

/** Where this job stands among the others; null where nothing is handed over. */
async function placeOf(step: ActionStep): Promise<RunPlace | null> {
  const { context, inputs, environment, artifactClient } = step
  const { handover, needs } = inputs
  if (handover.by === 'none') return null
  const store =
    handover.by === 'folder'
      ? folderStore(path.resolve(context.repository, handover.folder))
      : serviceStore({ program: artifactClient, environment, ...stages.signalOf(context) })
  const { GITHUB_RUN_ATTEMPT: attempt = '1', GITHUB_RUN_ID: run = '' } = environment
  return { store, needs, attempt: Number(attempt), machine: await machineOf(run) }
}

function handed(statement: Handover | null): ActionOutputs {
  return statement === null ? {} : { handover: JSON.stringify(statement) }
}

/** What an earlier stage left must be of the tag that this run is about, and of its commit. */
function requireTagOfRun({ inputs, environment }: ActionStep, tag: TagRef): void {
  const expected = inputs.tag?.replace(/^refs\/tags\//, '') ?? tag.name
  if (tag.name !== expected)
    throw new TagproofError(
      'document-mismatch',
      `The folder ${inputs.out} holds the release of another tag.`,
      {
        found: tag.name,
        expected,
        fix: 'Hand on what the earlier stage of this run has left, or empty the folder.'
      }
    )
  requireCommitOfRun(tag, environment)
}

/** On the server, where it can move while the jobs of this run go on. */
async function requireTagUnmoved({ context, inputs, environment }: ActionStep, tag: TagRef): Promise<void> {
  const { GITHUB_SERVER_URL: server = '', GITHUB_REPOSITORY: repository = '' } = environment
  const url = `${server}/${repository}`
  await requireTagOnServer({ tag, url, token: inputs.readToken, environment, ...stages.signalOf(context) })
}

function sourceOptions({ context, inputs }: ActionStep): {
  targets: string[]
  tag?: string
  config?: string
} {
  return {
    targets: inputs.targets,
    ...(inputs.tag === undefined ? {} : { tag: inputs.tag }),
    ...(inputs.config === undefined ? {} : { config: path.resolve(context.repository, inputs.config) })
  }
}

async function recordOutputs(context: StageContext): Promise<ActionOutputs> {
  const { document, sha256 } = await readDocument('release', context.out.release)
  return releaseOutputs(document, sha256)
}

/** Of one world: its `build.json`. Of both: the lines that `sha256sum` writes for the two. */
async function buildDigest({ context, inputs }: ActionStep): Promise<string> {
  const lines: string[] = []
  for (const world of inputs.worlds) {
    const { sha256 } = await hashFile(path.join(context.out.build(world), 'build.json'))
    if (inputs.worlds.length === 1) return sha256
    lines.push(`${sha256}  build-${world}/build.json\n`)
  }
  return sha256OfBytes(lines.join(''))
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
