import { appendFile, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Build, BuiltTarget } from '../documents/build.ts'
import type { VariationName } from '../documents/fields.ts'
import type { Sha256, World } from '../documents/identifiers.ts'
import type { Lock } from '../documents/lock.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import type { Inputs } from '../lock/inputs.ts'
import { TagproofError } from '../platform/errors.ts'
import { settleAll } from '../platform/concurrency.ts'
import { hashFile } from '../platform/files.ts'
import type { Progress } from '../platform/log.ts'
import { buildPython } from '../targets/python/build.ts'
import { makeEnvironment } from '../targets/python/sdist.ts'
import { prepareRoot, type PreparedRoot } from '../worlds/root.ts'
import { buildTools } from '../platform/tools.ts'
import { clearFrom, signalOf, type StageContext } from './context.ts'
import { fetch } from './fetch.ts'

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
  const { lock, inputs } = await fetch(context, plan, { offline: true })
  const roots = await prepareRoots(context, plan, lock, inputs)
  const environments = await prepareEnvironments(context, plan, lock, inputs, roots)
  const buildOne = (world: World): Promise<Build> =>
    buildWorld(context, { plan, planDigest, lock, roots, environments, world, options })
  if (options.sequential === true) {
    const builds: Build[] = []
    for (const world of options.worlds) builds.push(await buildOne(world))
    return builds
  }
  return settleAll(options.worlds.map(buildOne))
}

interface WorldBuild {
  plan: Plan
  planDigest: Sha256
  lock: Lock
  roots: ReadonlyMap<string, PreparedRoot>
  environments: ReadonlyMap<string, string>
  world: World
  options: BuildOptions
}

async function buildWorld(context: StageContext, request: WorldBuild): Promise<Build> {
  const { plan, world, roots } = request
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
    rootHashes: [...roots].map(([root, prepared]) => ({ root, sha256: prepared.hash })),
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
  const root = request.roots.get(target.root)
  const environment = request.environments.get(target.name)
  if (root === undefined || environment === undefined)
    throw new TagproofError('lock-incomplete', `The lock has nothing for target ${target.name}.`, {
      fix: 'Run tagproof lock, commit the lock, and tag that commit.'
    })
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
      root,
      environment,
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

export async function prepareRoots(
  context: StageContext,
  plan: Plan,
  lock: Lock,
  inputs: Inputs
): Promise<Map<string, PreparedRoot>> {
  const roots = new Map<string, PreparedRoot>()
  for (const name of new Set(plan.targets.map((target) => target.root))) {
    const locked = lock.roots[name]
    if (locked === undefined)
      throw new TagproofError('lock-incomplete', `The lock has no root ${name}.`, {
        fix: 'Run tagproof lock, commit the lock, and tag that commit.'
      })
    roots.set(
      name,
      await prepareRoot(name, locked, inputs, {
        cache: context.cache,
        log: context.log,
        ...signalOf(context)
      })
    )
  }
  return roots
}

/** The build environments, made once and mounted read-only in both worlds; sdists of the lock are built on the way. */
export async function prepareEnvironments(
  context: StageContext,
  plan: Plan,
  lock: Lock,
  inputs: Inputs,
  roots: ReadonlyMap<string, PreparedRoot>
): Promise<Map<string, string>> {
  const environments = new Map<string, string>()
  for (const target of plan.targets) {
    const locked = lock.python[target.name]
    const root = roots.get(target.root)
    if (locked === undefined || root === undefined) continue
    const folder = path.join(context.out.folder, 'environments', target.name)
    await rm(folder, { recursive: true, force: true })
    await makeEnvironment(locked, folder, {
      root,
      epoch: plan.tag.epoch,
      limits: plan.limits,
      log: context.log,
      file: (entry) => inputs.python(entry),
      ...signalOf(context)
    })
    environments.set(target.name, folder)
  }
  return environments
}
