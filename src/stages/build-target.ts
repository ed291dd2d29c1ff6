import { appendFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { projectFailures, type BuildFailure, type BuiltTarget } from '../documents/build.ts'
import type { VariationName } from '../documents/fields.ts'
import type { World } from '../documents/identifiers.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import { asTagproofError, TagproofError } from '../platform/errors.ts'
import type { WorldResult } from '../worlds/run.ts'
import { buildKind } from './build-kinds.ts'
import type { StageContext } from './context.ts'
import type { BuildPlaces } from './places.ts'

/** What every build of a plan shares. */
export interface BuildRoom {
  context: StageContext
  plan: Plan
  places: BuildPlaces
}

export interface TargetBuild {
  target: PlanTarget
  world: World
  /** The export that it sees, and how many files of it are scrambled. */
  exportTar: string
  scrambled: number
  /** Receives the artifacts; those of other targets of the same build lie beside it. */
  folder: string
  off: readonly VariationName[]
  keep?: boolean
  /** What the line of progress says. */
  title: string
  /** Receives what the build prints; nothing does by default. */
  logFile?: string
}

/**
 * Builds one target in one world.
 *
 * @throws TagproofError as buildPython
 */
export async function buildTarget(room: BuildRoom, request: TargetBuild): Promise<BuiltTarget> {
  return run(room, request, () => undefined)
}

/** The same, but a failure that is the project's own is a result. */
export async function attemptTarget(room: BuildRoom, request: TargetBuild): Promise<BuiltTarget> {
  let world: WorldResult | undefined
  try {
    return await run(room, request, (result) => (world = result))
  } catch (thrown) {
    const failure = projectFailure(asTagproofError(thrown), world?.reads ?? null)
    if (failure === undefined) throw thrown
    const { name } = request.target
    return {
      name,
      artifacts: [],
      failure,
      requires: [],
      reads: failure.reads,
      variations: world?.variations ?? []
    }
  }
}

async function run(
  room: BuildRoom,
  request: TargetBuild,
  onWorld: (world: WorldResult) => void
): Promise<BuiltTarget> {
  const { context } = room
  const { target, folder } = request
  await mkdir(folder, { recursive: true })
  const progress = context.log.begin(request.title)
  const lines: string[] = [`== ${target.name}\n`]
  const onLine = (line: string): void => {
    lines.push(`${line}\n`)
    progress.line(line)
  }
  try {
    const built = await buildKind(room, request, { onWorld, onLine })
    progress.done(built.artifacts.map((artifact) => artifact.name).join(', '))
    return built
  } catch (error) {
    progress.failed()
    throw error
  } finally {
    if (request.logFile !== undefined) {
      await mkdir(path.dirname(request.logFile), { recursive: true })
      await appendFile(request.logFile, lines.join(''))
    }
  }
}

const longestText = 2000
const longestOutput = 20_000

function projectFailure(error: TagproofError, reads: BuildFailure['reads']): BuildFailure | undefined {
  const code = projectFailures.find((known) => known === error.code)
  if (code === undefined) return undefined
  const { found, output = '' } = error.detail
  return {
    code,
    message: error.message.slice(0, longestText),
    found: found?.slice(0, longestText) ?? null,
    output: output.slice(-longestOutput),
    reads,
    follows: null,
    secondTier: false
  }
}
