import { appendFile, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Build, BuiltTarget } from '../documents/build.ts'
import type { VariationName } from '../documents/fields.ts'
import type { Sha256, World } from '../documents/identifiers.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import { TagproofError } from '../platform/errors.ts'
import { settleAll } from '../platform/concurrency.ts'
import { hashFile } from '../platform/files.ts'
import type { Progress } from '../platform/log.ts'
import { buildPython } from '../targets/python/build.ts'
import { buildTools } from '../platform/tools.ts'
import { clearFrom, signalOf, type StageContext } from './context.ts'
import { withBuildPlaces, type BuildPlaces } from './places.ts'

export interface BuildOptions {
  worlds: readonly World[]
  /** One world after the other, where memory or disk is short. */
  sequential?: boolean
  /** Variations that are left out, to find a culprit. */
  off?: readonly VariationName[]
  /** Leave the build folder of each world behind, as `build-<world>/<target>.tree.tar`. */
  keep?: boolean
}

/**
 * Builds every target of the plan in the given worlds. No network, no credentials; project code runs in the
 * sandbox alone. Reads `plan.json`, the lock, the inputs and the worlds' own exports: never git.
 */
export async function build(context: StageContext, options: BuildOptions): Promise<Build[]> {
  const { document: plan, sha256: planDigest } = await readDocument('plan', context.out.plan)
  await clearFrom(context.out, 'prove')
  return withBuildPlaces(context, plan, options.worlds.join(''), async (places) => {
    const buildOne = (world: World): Promise<Build> =>
      buildWorld(context, { plan, planDigest, places, world, options })
    if (options.sequential !== true) return settleAll(options.worlds.map(buildOne))
    const builds: Build[] = []
    for (const world of options.worlds) builds.push(await buildOne(world))
    return builds
  })
}

interface WorldBuild {
  plan: Plan
  planDigest: Sha256
  places: BuildPlaces
  world: World
  options: BuildOptions
}

async function buildWorld(context: StageContext, request: WorldBuild): Promise<Build> {
  const { plan, world } = request
  const folder = context.out.build(world)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const exportTar = await checkedExport(context, plan, world)
  const targets: BuiltTarget[] = []
  for (const target of plan.targets) {
    const progress = context.log.begin(`build ${target.name} in world ${world}`)
    try {
      const built = await buildTarget(context, request, target, exportTar, progress)
      progress.done(built.artifacts.map((artifact) => artifact.name).join(', '))
      targets.push(built)
    } catch (error) {
      progress.failed()
      throw error
    }
  }
  const document: Build = {
    schema: 'tagproof/build/1',
    world,
    plan: request.planDigest,
    rootHashes: rootHashes(plan, request.places),
    targets,
    tools: await buildTools()
  }
  await writeDocument('build', path.join(folder, 'build.json'), document)
  return document
}

async function buildTarget(
  context: StageContext,
  request: WorldBuild,
  target: PlanTarget,
  exportTar: string,
  progress: Progress
): Promise<BuiltTarget> {
  const place = request.places.get(target.name)
  if (place === undefined)
    throw new TagproofError('internal', `Target ${target.name} has no place to be built in.`)
  const folder = path.join(context.out.build(request.world), target.name)
  await mkdir(folder, { recursive: true })
  const logFile = path.join(context.out.build(request.world), 'log.txt')
  const lines: string[] = [`== ${target.name}\n`]
  try {
    return await buildPython({
      target,
      world: request.world,
      epoch: request.plan.tag.epoch,
      exportTar,
      ...place,
      limits: request.plan.limits,
      folder,
      scrambled: request.plan.scramble.files.length,
      off: request.options.off ?? [],
      keep: request.options.keep ?? false,
      onLine: (line) => {
        lines.push(`${line}\n`)
        progress.line(line)
      },
      ...signalOf(context)
    })
  } finally {
    await appendFile(logFile, lines.join(''))
  }
}

/** The export that was planned, or nothing: a build must not start from other bytes. */
async function checkedExport(context: StageContext, plan: Plan, world: World): Promise<string> {
  const planned = plan.exports[world]
  const file = path.join(context.out.exports, planned.file)
  const found = await hashFile(file).catch((error: unknown) => {
    throw new TagproofError('input-missing', `The export for world ${world} is not there.`, {
      where: `exports/${planned.file}`,
      fix: 'Run tagproof plan first, and hand its folder exports/ on to the machine that builds.',
      cause: error
    })
  })
  if (found.sha256 !== planned.sha256)
    throw new TagproofError(
      'document-mismatch',
      `The export for world ${world} is not the one that was planned.`,
      {
        where: `exports/${planned.file}`,
        found: found.sha256,
        expected: planned.sha256,
        fix: 'Run tagproof plan again.'
      }
    )
  return file
}

function rootHashes(plan: Plan, places: BuildPlaces): Build['rootHashes'] {
  const hashes = new Map(plan.targets.map((target) => [target.root, places.get(target.name)?.root.hash]))
  return [...hashes].flatMap(([root, sha256]) => (sha256 === undefined ? [] : [{ root, sha256 }]))
}
