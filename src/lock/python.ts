import { chmod } from 'node:fs/promises'
import type { PythonEnvironment, PythonLock } from '../documents/lock.ts'
import { TagproofError } from '../platform/errors.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import { createHttpClient, type HttpClient } from '../platform/http.ts'
import type { Log } from '../platform/log.ts'
import { lastLines } from '../platform/process.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import { lockedPackage, offers, type IndexAccess } from './index-files.ts'
import { readNetrc, type Netrc } from './netrc.ts'
import { readPipConfiguration, type PipConfiguration } from './pip-configuration.ts'
import {
  complainedOf,
  missingRequirement,
  normalisedName,
  parsePipReport,
  reasons,
  requirementName
} from './pip-report.ts'
import { pipInRoot, type PipResult, type PipRunner } from './pip-run.ts'
import { refuseCycle, sdistSupply, type SdistSupply, type SdistWorkshop } from './sdists.ts'

export interface ResolvePythonOptions {
  /** The root whose interpreter and pip decide. */
  root: PreparedRoot
  /** Requirements (PEP 508) that the project states: `build-system.requires`. */
  requested: readonly string[]
  /** Requirements that the backend adds once it runs, by the name of its hook. */
  backendRequested?: Readonly<Record<string, readonly string[]>>
  /** Projects that may be taken as an sdist where there is no wheel. */
  allowSdists: readonly string[]
  /** Builds those sdists; without it none is taken. */
  workshop?: SdistWorkshop
  log: Log
  signal?: AbortSignal
  /** Versions to keep where they still satisfy; left out to take the newest. */
  previous?: PythonLock
  /** Requirements that hold for what is chosen, and choose nothing; they are always kept. */
  constraints?: readonly string[]
  /** The sdists that this resolution is for, the outermost first. */
  beingBuilt?: readonly string[]
  /** Collaborators with defaults. */
  pip?: PipRunner
  configuration?: PipConfiguration
  netrc?: Netrc
  client?: HttpClient
}

/**
 * Resolves in two steps, since a backend may ask for more once it runs: first what is stated, then, with that
 * installed, what the backend asks for.
 *
 * @param ask what the backend's hooks ask for, given the first step
 * @throws TagproofError as {@link resolvePython}
 */
export async function resolveWithBackend(
  options: Omit<ResolvePythonOptions, 'backendRequested'>,
  ask: (first: PythonLock) => Promise<Record<string, string[]>>
): Promise<PythonLock> {
  return withResolver(options, async (resolve) => {
    const first = await resolve(options)
    const backendRequested = await ask(first)
    if (Object.keys(backendRequested).length === 0) return first
    const { packages = [], sdists = {} } = options.previous ?? {}
    const others = packages.filter((entry) => first.packages.every((one) => one.name !== entry.name))
    // The backend was asked in the environment of the first step, so what was chosen there stays.
    const previous = {
      ...first,
      packages: [...first.packages, ...others],
      sdists: { ...sdists, ...first.sdists }
    }
    return resolve({ ...options, backendRequested, previous })
  })
}

/**
 * Resolves the build environment of a Python target: pip of the root decides, for the root's interpreter, from the
 * user's own indexes. Pip takes wheels alone, so no foreign code runs here; where a project has none and its sdist is
 * allowed, the workshop makes one.
 *
 * @throws TagproofError `lock-unresolvable` (no such version, a conflict, no wheel), `network`, `index-answer`
 */
export async function resolvePython(options: ResolvePythonOptions): Promise<PythonLock> {
  return withResolver(options, (resolve) => resolve(options))
}

/** What the steps of a resolution share: the indexes, and the wheels of sdists that were built on the way. */
interface Room {
  access: IndexAccess
  folder: string
  supply: SdistSupply | null
}

async function withResolver(
  options: ResolvePythonOptions,
  use: (resolve: (options: ResolvePythonOptions) => Promise<PythonLock>) => Promise<PythonLock>
): Promise<PythonLock> {
  const client = options.client ?? createHttpClient()
  const access: IndexAccess = {
    configuration: options.configuration ?? (await readPipConfiguration()),
    netrc: options.netrc ?? (await readNetrc(process.env)),
    client,
    ...(options.signal === undefined ? {} : { signal: options.signal })
  }
  try {
    return await withTemporaryFolder('tagproof-wheels', async (folder) => {
      await chmod(folder, 0o755)
      const room: Room = { access, folder, supply: supplyFor(options, access, folder) }
      return use((step) => resolveIn(room, step))
    })
  } finally {
    if (options.client === undefined) client.close()
  }
}

const longestRequirement = 1000

async function resolveIn(room: Room, options: ResolvePythonOptions): Promise<PythonLock> {
  const asked = [
    ...options.requested.map((requirement) => ({ by: 'build-system.requires', requirement })),
    ...Object.entries(options.backendRequested ?? {}).flatMap(([by, list]) =>
      list.map((requirement) => ({ by, requirement }))
    )
  ]
  const requirements = [...new Set(asked.map((entry) => entry.requirement))].sort()
  for (const { by, requirement } of asked) requirePlain(requirement, by)
  const { interpreter, files } = parsePipReport(await runPip(options, requirements, room))
  const because = reasons(files, asked)
  const allowed = options.allowSdists.map(normalisedName)
  const sdists: Record<string, PythonEnvironment> = {}
  const packages = await Promise.all(
    files.map(async (file) => {
      const by = because.get(file.name) ?? []
      const taken = room.supply?.behind(file)
      if (taken === undefined)
        return lockedPackage(file, by, allowed, room.access, options.previous?.packages)
      const { requested, packages: builtWith, sdists: inner } = taken.builtWith
      Object.assign(sdists, inner, { [taken.sdist.file]: { requested, packages: builtWith } })
      return { ...taken.sdist, version: file.version, because: by.sort() }
    })
  )
  packages.sort((left, right) => (left.name < right.name ? -1 : 1))
  const hasSdists = Object.keys(sdists).length > 0
  return { interpreter, requested: requirements, packages, ...(hasSdists ? { sdists } : {}) }
}

function supplyFor(options: ResolvePythonOptions, access: IndexAccess, folder: string): SdistSupply | null {
  const { workshop, beingBuilt = [] } = options
  const allowed = options.allowSdists.map(normalisedName)
  if (workshop === undefined || allowed.length === 0) return null
  return sdistSupply({
    allowed,
    workshop,
    folder,
    offers: (name) => offers(name, access),
    locate(file) {
      refuseCycle(beingBuilt, file.name)
      return lockedPackage(file, [], allowed, access)
    },
    resolve({ name }, requested, previous, ask) {
      const inner = { ...options, requested, beingBuilt: [...beingBuilt, name] }
      delete inner.previous
      delete inner.backendRequested
      delete inner.constraints
      return resolveWithBackend({ ...inner, ...(previous === undefined ? {} : { previous }) }, ask)
    }
  })
}

/**
 * A name with versions, and nothing else: what is taken by address (PEP 508, direct references) may be an sdist,
 * whose code pip would run with the network and the user's index passwords at hand.
 */
function requirePlain(requirement: string, by: string): void {
  const [head = ''] = requirement.split(';', 1)
  const plain = /^\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[A-Za-z0-9._,\s-]*\])?[\sA-Za-z0-9.,*+!<>=~()_-]*$/
  if (requirement.length <= longestRequirement && plain.test(head)) return
  throw new TagproofError('lock-unresolvable', 'A build requirement is not a name with versions.', {
    where: by,
    found: JSON.stringify(requirement.slice(0, 200)),
    expected: 'a name, its extras, version specifiers and a marker',
    fix: 'Put a wheel of it on an index, or where PIP_FIND_LINKS finds it, and ask for it by name.'
  })
}

/** With the previous versions as constraints first; if those cannot be kept, with fewer, then with none. */
async function runPip(
  options: ResolvePythonOptions,
  requirements: readonly string[],
  { access: { configuration, netrc }, supply, folder }: Room
): Promise<string> {
  const withFolder = { ...configuration, findLinks: [...configuration.findLinks, folder] }
  const pip = options.pip ?? pipInRoot(options.root)
  let constraints = (options.previous?.packages ?? []).map((entry) => `${entry.name}==${entry.version}`)
  for (;;) {
    const result = await pip({
      requirements,
      constraints: [...constraints, ...(options.constraints ?? [])],
      configuration: supply === null ? configuration : withFolder,
      netrc,
      ...(options.signal === undefined ? {} : { signal: options.signal })
    })
    if (result.code === 0 && result.report !== null) return result.report
    const all = [...requirements, ...(options.constraints ?? [])]
    const complaint = { output: result.output, constraints, requirements: all, previous: options.previous }
    if ((await supply?.answer(complaint)) === true) continue
    if (constraints.length === 0) throw unresolvable(result, options.allowSdists)
    constraints = fewerConstraints(constraints, result.output)
  }
}

/** Without those that pip complains about; without any if it names none. */
export function fewerConstraints(constraints: readonly string[], output: string): string[] {
  const named = complainedOf(output)
  const kept = constraints.filter((constraint) => !named.has(constraint.split('==')[0] ?? ''))
  return kept.length < constraints.length ? kept : []
}

/** Which versions pip has seen as wheels: the newest few, since it lists them in order. */
function offeredVersions(output: string): { found?: string } {
  const listed = /\(from versions: ([^)]*)\)/.exec(output)?.[1]?.split(', ') ?? []
  if (listed.length === 0 || listed[0] === 'none') return {}
  const newest = listed.slice(-5).join(', ')
  return { found: `wheels of ${listed.length} versions${listed.length > 5 ? ', the newest' : ''}: ${newest}` }
}

function unresolvable(result: PipResult, allowSdists: readonly string[]): TagproofError {
  const output = lastLines(result.output.replace(/\/\/[^/@\s]*@/g, '//'), 20)
  if (
    /Max retries exceeded|NewConnectionError|Connection (refused|reset)|Temporary failure in name resolution|CERTIFICATE_VERIFY|SSLError/.test(
      output
    )
  )
    return new TagproofError('network', 'The package index cannot be reached.', {
      output,
      fix: 'Check the network, PIP_INDEX_URL, the proxy variables and the certificates (PIP_CERT).'
    })
  const missing = missingRequirement(output)
  if (missing === null)
    return new TagproofError('lock-unresolvable', 'The build requirements cannot be resolved together.', {
      output,
      fix: 'Correct build-system.requires; pip says above which requirements exclude each other.'
    })
  const name = requirementName(missing) ?? missing
  const allowed = allowSdists.map(normalisedName).includes(name)
  return new TagproofError(
    'lock-unresolvable',
    allowed
      ? `There is neither a wheel of ${missing} for the interpreter of the root, nor an sdist that can be taken.`
      : `There is no wheel of ${missing} for the interpreter of the root.`,
    {
      output,
      ...offeredVersions(output),
      ...(allowed ? { expected: `a file ${name}-VERSION.tar.gz on the index (PEP 625)` } : {}),
      fix: allowed
        ? `Ask for a version that the index has, or put a wheel (pip wheel ${name}) where PIP_FIND_LINKS or the index finds it.`
        : `Ask for a version that is there as a wheel, or build one (pip wheel ${name}) and put it where PIP_FIND_LINKS or the index finds it; or let its sdist be built in the sandbox: targets[].allow-sdists: [${name}].`
    }
  )
}
