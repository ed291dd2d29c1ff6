import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Build, BuiltTarget } from '../documents/build.ts'
import type { Tool, VariationName } from '../documents/fields.ts'
import type { Sha256, World } from '../documents/identifiers.ts'
import type { Plan } from '../documents/plan.ts'
import { builderTools, findImageBuilder } from '../builders/find.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import { settleAll } from '../platform/concurrency.ts'
import { buildTools } from '../platform/tools.ts'
import { attemptTarget, buildTarget, type BuildRoom, type TargetBuild } from './build-target.ts'
import { clearFrom, type StageContext } from './context.ts'
import { mendFailures } from './mend.ts'
import { perturb } from './perturb.ts'
import { withBuildPlaces, type BuildPlaces } from './places.ts'
import { plannedExport, variantWithout, withVariant, type GivenExport } from './variant.ts'

export interface BuildOptions {
  worlds: readonly World[]
  /** One world after the other, where memory or disk is short. */
  sequential?: boolean
  /** Variations that are left out, to find a culprit. */
  off?: readonly VariationName[]
  /** Leave the build folder of each world behind, as `build-<world>/<target>.tree.tar`. */
  keep?: boolean
  /** How many builds see scrambled files, each with other noise; 1 is world b alone. */
  perturbations?: number
}

/**
 * Builds every target of the plan in the given worlds. No network, no credentials; project code runs in the
 * sandbox alone. Reads `plan.json`, the lock, the inputs and the worlds' own exports: never git.
 *
 * What fails in world b alone is no error: further builds find what the failure follows, and the document tells it.
 *
 * @throws TagproofError for a failure in world a, as buildTarget
 */
export async function build(context: StageContext, options: BuildOptions): Promise<Build[]> {
  const { document: plan, sha256: planDigest } = await readDocument('plan', context.out.plan)
  await clearFrom(context.out, 'prove')
  return withBuildPlaces(context, plan, options.worlds.join(''), async (places) => {
    const room: BuildRoom = { context, plan, places }
    const worlds = await inWorlds(options, (world) => buildWorld(room, world, options))
    const documents: Build[] = []
    for (const { world, targets } of worlds) {
      const made = world === 'a' ? { targets } : await furtherBuilds(room, targets, options)
      const document: Build = {
        schema: 'tagproof/build/1',
        world,
        plan: planDigest,
        rootHashes: rootHashes(plan, places),
        ...made,
        tools: [...(await buildTools()), ...(await imageTools(plan))]
      }
      await writeDocument('build', path.join(context.out.build(world), 'build.json'), document)
      documents.push(document)
    }
    return documents
  })
}

interface BuiltWorld {
  world: World
  targets: BuiltTarget[]
}

async function inWorlds(
  { worlds, sequential = false }: BuildOptions,
  buildOne: (world: World) => Promise<BuiltWorld>
): Promise<BuiltWorld[]> {
  if (!sequential) return settleAll(worlds.map(buildOne))
  const built: BuiltWorld[] = []
  for (const world of worlds) built.push(await buildOne(world))
  return built
}

async function buildWorld(room: BuildRoom, world: World, options: BuildOptions): Promise<BuiltWorld> {
  const { context, plan } = room
  const { off = [], keep = false } = options
  const folder = context.out.build(world)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const attempt = world === 'a' ? buildTarget : attemptTarget
  return withExport(context, plan, world, off, async (given) => {
    const targets: BuiltTarget[] = []
    for (const target of plan.targets) {
      const request: TargetBuild = {
        target,
        world,
        exportTar: given.file,
        scrambled: given.scrambled.length,
        folder: path.join(folder, target.name),
        off,
        keep,
        title: `build ${target.name} in world ${world}`,
        logFile: path.join(folder, 'log.txt')
      }
      targets.push(await attempt(room, request))
    }
    return { world, targets }
  })
}

async function withExport<T>(
  context: StageContext,
  plan: Plan,
  world: World,
  off: readonly VariationName[],
  use: (given: GivenExport) => Promise<T>
): Promise<T> {
  if (world === 'a') return use(await plannedExport(context, plan, 'a'))
  return withVariant(context, plan, variantWithout(off), use)
}

/** What world b needs besides one build of each target: nothing, where all is well and nothing was asked for. */
async function furtherBuilds(
  room: BuildRoom,
  targets: BuiltTarget[],
  options: BuildOptions
): Promise<Pick<Build, 'targets' | 'scramble' | 'perturbations'>> {
  const mended = await mendFailures(room, targets, options)
  for (const { name, failure } of mended.targets)
    if (failure !== undefined)
      room.context.log.warn(`${name} cannot be built in world b; the proof tells what that follows.`)
  const whole = mended.targets.every((target) => target.failure === undefined)
  return whole ? { ...mended, ...(await perturb(room, mended.scramble, options)) } : mended
}

function rootHashes(plan: Plan, places: BuildPlaces): { root: string; sha256: Sha256 }[] {
  const hashes = new Map(
    plan.targets.map((target) => [places.of(target).rootName, places.of(target).root.hash])
  )
  return [...hashes].map(([root, sha256]) => ({ root, sha256 }))
}

/** The builder of images, where there is an image built from a Dockerfile. */
async function imageTools({ targets }: Plan): Promise<Tool[]> {
  if (!targets.some(({ image }) => image?.mode === 'dockerfile')) return []
  return builderTools(await findImageBuilder())
}
