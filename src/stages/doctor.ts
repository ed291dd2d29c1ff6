import { limitsField, type Config } from '../documents/config.ts'
import { destinationSettings, type DestinationSettings } from '../documents/destination-settings.ts'
import type { Lock } from '../documents/lock.ts'
import { statusOfChecks, type Check } from '../doctor/check.ts'
import { destinationChecks } from '../doctor/destination-checks.ts'
import { readOwnFiles, type OwnFiles } from '../doctor/files.ts'
import { apiOf, gatherRepository, tokenOf } from '../doctor/github.ts'
import { installMissing } from '../doctor/install.ts'
import { machineChecks } from '../doctor/machine-checks.ts'
import { gatherClock, gatherDisks, gatherMachine } from '../doctor/machine.ts'
import { projectChecks, type ProjectFacts } from '../doctor/project-checks.ts'
import { formatChecks } from '../doctor/report.ts'
import { repositoryChecks } from '../doctor/repository-checks.ts'
import { sandboxChecks, sandboxNotTried } from '../doctor/sandbox-checks.ts'
import { trySandbox } from '../doctor/sandbox.ts'
import { toolChecks } from '../doctor/tool-checks.ts'
import { gatherTools, type ToolFacts } from '../doctor/tools.ts'
import { publishes, isRelease } from '../doctor/workflow/rule.ts'
import type { ReadWorkflow } from '../doctor/workflow/read.ts'
import { environmentOf } from '../doctor/workflow/separation.ts'
import { tagGlobsOf } from '../doctor/workflow/triggers.ts'
import { destinationRightsChecks, readWorkflows, workflowChecks } from '../doctor/workflow/workflow-checks.ts'
import { asTagproofError, TagproofError, type ExitStatus } from '../platform/errors.ts'
import { originOf, type HostedRepository } from '../source/remote.ts'
import { openRepository } from '../source/repository.ts'
import { resolveHead } from '../source/tag.ts'
import { listTree } from '../source/tree.ts'
import type { StageContext } from './context.ts'
import { filesOfDestinations, type FilesOfTag } from './destinations-of-tree.ts'
import { askDestinations } from './doctor-destinations.ts'
import type { Credentials } from './publish-destinations.ts'
import { findingsOf } from './lock-images.ts'
import { requireStated } from './plan.ts'
import { openHead, requireCommit } from './source.ts'

export interface DoctorOptions {
  /** Put missing tools in place. */
  install: boolean
  /** Ask no server. */
  offline: boolean
  /** Ask the destinations whether they would take the release in the output folder, with these credentials. */
  publish?: Credentials
  /** Name of the action, where it is not `tagproof`. */
  action?: string
  environment?: NodeJS.ProcessEnv
}

export interface Diagnosis {
  checks: Check[]
  status: ExitStatus
}

/**
 * Looks whether machine, project, workflow and repository are fit for a release. Changes nothing but, with `install`,
 * the packages of the machine.
 *
 * @throws TagproofError `tool-missing` if installing failed; `cancelled`
 */
export async function doctor(context: StageContext, options: DoctorOptions): Promise<Diagnosis> {
  const environment = options.environment ?? process.env
  const project = await lookAtProject(context, options.action)
  let tools = await gatherTools({ dockerfile: project.dockerfile, environment })
  if (options.install && (await installMissing(tools.setup, context, environment)))
    tools = await gatherTools({ dockerfile: project.dockerfile, environment })
  const { limits } = project
  const machine = {
    disks: await gatherDisks({ cache: context.cache, output: context.out.folder }),
    ...(await gatherMachine()),
    wantedBytes: (limits['memory-mib'] + limits['disk-mib']) * 1024 * 1024,
    clock: await gatherClock(project.head, { offline: options.offline })
  }
  const checks = [
    ...toolChecks(tools),
    ...machineChecks(machine),
    ...(await sandbox(context, tools)),
    ...projectChecks(project.facts),
    ...project.workflowChecks,
    ...destinationRightsChecks(project.workflows, project.destinations),
    ...(await repository(project, options, environment)),
    ...(await destinations(context, project, options))
  ]
  return { checks: checks.map((check) => inside(check, project.worktree)), status: statusOfChecks(checks) }
}

/** A document names no folder of this machine: places are those of the project. */
function inside(check: Check, worktree: string | null): Check {
  const folder = `${worktree ?? ''}/`
  return worktree !== null && check.where?.startsWith(folder) === true
    ? { ...check, where: check.where.slice(folder.length) }
    : check
}

/** What the stage says to people. */
export function formatDiagnosis({ checks }: Diagnosis, color: boolean): string {
  return formatChecks(checks, color)
}

/** What a sandbox needs before it can be tried. */
const sandboxPrograms: readonly string[] = ['runc', 'mount']

async function sandbox(context: StageContext, { tools }: ToolFacts): Promise<Check[]> {
  const missing = tools.flatMap(({ need, present }) => (present ? [] : (need.program ?? [])))
  const needed = missing.filter((program) => sandboxPrograms.includes(program))
  if (needed.length > 0) return [sandboxNotTried(needed)]
  const progress = context.log.begin('setting up a world of each kind')
  try {
    const facts = await trySandbox(context.cache, context.signal)
    progress.done()
    return sandboxChecks(facts)
  } catch (error) {
    progress.failed()
    throw error
  }
}

interface Project {
  facts: ProjectFacts
  head: number | null
  limits: Config['limits']
  destinations: DestinationSettings[]
  /** What they name. */
  files: FilesOfTag
  dockerfile: boolean
  workflows: ReadWorkflow[]
  workflowChecks: Check[]
  origin: HostedRepository | null
  worktree: string | null
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

async function lookAtProject(context: StageContext, action: string | undefined): Promise<Project> {
  const own = (action ?? '').replace(/@.*$/, '').toLowerCase()
  const isOurs = (name: string): boolean =>
    name.toLowerCase() === own || name.toLowerCase().split('/')[1] === 'tagproof'
  const facts: ProjectFacts = {
    error: null,
    uncommitted: [],
    targets: [],
    sources: {},
    lock: null,
    stale: null,
    findings: [],
    released: false,
    architecture: architectures[process.arch] ?? process.arch,
    now: Date.now()
  }
  const project: Project = {
    facts,
    head: null,
    limits: limitsField.parse({}),
    destinations: [],
    files: new Map(),
    dockerfile: false,
    workflows: [],
    workflowChecks: [],
    origin: null,
    worktree: null
  }
  try {
    const files = await lookAtFiles(context, project, isOurs)
    facts.uncommitted = files.uncommitted
    facts.released = project.workflows.some(isRelease)
    await lookAtSource(context, project, files)
  } catch (error) {
    facts.error = knownError(error)
  }
  return project
}

async function lookAtFiles(
  context: StageContext,
  project: Project,
  isOurs: (name: string) => boolean
): Promise<OwnFiles> {
  const repository = await openRepository(context.repository)
  try {
    project.worktree = repository.places.worktree
    project.origin = await originOf(repository.places)
    await requireCommit(repository)
    const { epoch, tree } = await resolveHead(repository, Number.MAX_SAFE_INTEGER)
    project.head = epoch
    const files = await readOwnFiles(repository, await listTree(repository, tree))
    const { ours, unreadable } = readWorkflows(files.workflows, isOurs)
    project.workflows = ours
    project.workflowChecks = [...unreadable, ...workflowChecks(ours)]
    return files
  } finally {
    await repository.close()
  }
}

async function lookAtSource(context: StageContext, project: Project, files: OwnFiles): Promise<void> {
  const { facts } = project
  const source = await openHead(context, {
    ...(files.config === null ? {} : { config: files.config }),
    ...(files.lock === null ? {} : { lock: files.lock })
  })
  try {
    facts.targets = source.targets.map(({ name, kind }) => (name === kind ? name : `${name} (${kind})`))
    facts.sources = source.config.value.sources
    project.limits = source.config.value.limits
    project.destinations = source.config.value.destinations.map(destinationSettings)
    project.files = await filesOfDestinations(source.repository, source.entries, project.destinations)
    project.dockerfile = source.targets.some(({ image }) => image?.mode === 'dockerfile')
    const lock: Lock | null = source.lock?.value ?? null
    facts.lock = lock
    if (lock !== null) facts.stale = await requireStated(source, lock).then(() => null, knownError)
    for (const target of source.targets)
      facts.findings.push(...(await findingsOf(source, target, lock ?? {})))
  } finally {
    await source.repository.close()
  }
}

/** What can be told as a line; a fault of our own is no finding. */
function knownError(error: unknown): TagproofError {
  const known = asTagproofError(error)
  if (known.code === 'internal' || known.code === 'cancelled') throw known
  return known
}

/** Only on request, since servers are asked. */
async function destinations(
  context: StageContext,
  { destinations: settings, files }: Project,
  { publish, offline }: DoctorOptions
): Promise<Check[]> {
  if (publish === undefined) return []
  if (offline)
    throw new TagproofError('usage', 'To ask destinations and to ask no server exclude each other.', {
      fix: 'Leave out --publish or --offline.'
    })
  return destinationChecks(await askDestinations(context, settings, files, publish))
}

async function repository(
  { workflows, origin }: Project,
  options: DoctorOptions,
  environment: NodeJS.ProcessEnv
): Promise<Check[]> {
  const releases = workflows.filter(isRelease)
  if (releases.length === 0) return []
  const named = releases.flatMap(({ jobs }) =>
    jobs.filter(publishes).flatMap((job) => environmentOf(job) ?? [])
  )
  const checks: Check[] = []
  const token = options.offline ? null : await tokenOf(environment)
  for (const name of new Set(named.length === 0 ? ['release'] : named)) {
    const facts = await gatherRepository({
      repository: origin,
      environment: name,
      offline: options.offline,
      api: apiOf(environment),
      token
    })
    checks.push(...repositoryChecks(facts, [...new Set(releases.flatMap(tagGlobsOf))]))
  }
  return checks
}
