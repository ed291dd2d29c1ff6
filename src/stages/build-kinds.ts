import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { BuiltTarget } from '../documents/build.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import type { BuildRequest, WithImages, WithWheel } from '../targets/build-request.ts'
import { buildDebian, shellDebian } from '../targets/deb/debian/build.ts'
import { buildVenv } from '../targets/deb/venv/build.ts'
import { wheelTargetOf } from '../targets/discover.ts'
import { assembleImage } from '../targets/image/assemble.ts'
import { buildDockerfile } from '../targets/image/dockerfile-build.ts'
import { buildPython, shellPython, type BuildPythonRequest } from '../targets/python/build.ts'
import type { BuildRoom, TargetBuild } from './build-target.ts'
import { signalOf } from './context.ts'
import { withSeenExport } from './seen-export.ts'

type Watch = Required<Pick<BuildRequest, 'onWorld' | 'onLine'>>

/** Builds a target by the means of its kind, from what it may see. */
export function buildKind(room: BuildRoom, build: TargetBuild, watch: Watch): Promise<BuiltTarget> {
  return withSeenExport(room, build, (seen) => buildSeen(room, seen, watch))
}

async function buildSeen(room: BuildRoom, build: TargetBuild, watch: Watch): Promise<BuiltTarget> {
  const { target } = build
  const request = requestOf(room, build, watch)
  if (target.kind === 'python')
    return buildPython({ ...pythonRequest(room, request), keep: build.keep ?? false })
  if (target.deb?.mode === 'debian') return buildDebian(request)
  const withWheel = { ...request, ...(await wheelOf(room, build)) }
  if (target.deb?.mode === 'venv')
    return buildVenv({ ...withWheel, scrambledPaths: room.plan.scramble.files.map(({ path: name }) => name) })
  const withImages = { ...withWheel, ...imagesOf(room) }
  return target.image?.mode === 'assemble' ? assembleImage(withImages) : buildDockerfile(withImages)
}

/**
 * A shell in the world of a target, as its build sees it. Returns the shell's exit status.
 *
 * @throws TagproofError `usage` for a target that is not built in a world of its own
 */
export function shellOf(room: BuildRoom, build: TargetBuild): Promise<number> {
  return withSeenExport(room, build, (seen) => shellSeen(room, seen))
}

async function shellSeen(room: BuildRoom, build: TargetBuild): Promise<number> {
  const { target } = build
  const request = requestOf(room, build)
  if (target.kind === 'python') return shellPython(pythonRequest(room, request))
  if (target.deb?.mode === 'debian') return shellDebian(request)
  throw new TagproofError('usage', `There is no shell for ${target.name}.`, {
    found: `a target of kind ${target.kind}`,
    fix: 'Name a Python target, or one with a debian/ folder, with --target.'
  })
}

function requestOf(
  { context, plan, places }: BuildRoom,
  build: TargetBuild,
  watch: Partial<Watch> = {}
): BuildRequest {
  const { target, world, exportTar, folder, scrambled, off } = build
  const { root, rootLock } = places.of(target)
  return {
    target,
    world,
    tag: plan.tag,
    version: plan.version,
    exportTar,
    root,
    rootLock,
    limits: plan.limits,
    folder,
    scrambled,
    off,
    log: context.log,
    ...watch,
    ...signalOf(context)
  }
}

function pythonRequest({ places }: BuildRoom, request: BuildRequest): BuildPythonRequest {
  const { environment } = places.of(request.target)
  if (environment === null)
    throw new TagproofError('internal', `Target ${request.target.name} has no build environment.`)
  return { ...request, epoch: request.tag.epoch, environment }
}

/** The wheel that the same build of the same world has left beside this target, and what it needs at run time. */
async function wheelOf(
  { plan, places }: BuildRoom,
  { target, folder, world }: TargetBuild
): Promise<WithWheel> {
  const { lock, inputs } = places
  const common = {
    locked: lock.python[target.name] ?? null,
    file: (entry: Parameters<WithWheel['file']>[0]) => inputs.python(entry)
  }
  const from = wheelTargetOf(target, plan.targets)
  if (from === undefined) return { wheel: null, ...common }
  const place = path.join(path.dirname(folder), from.name)
  const names = await readdir(place).catch((): string[] => [])
  const name = names.find((candidate) => candidate.endsWith('.whl'))
  if (name === undefined) throw noWheel(target, from, world)
  return { wheel: path.join(place, name), ...common }
}

function noWheel(target: PlanTarget, from: PlanTarget, world: string): TagproofError {
  return new TagproofError(
    'build-failed',
    `${target.name} takes the wheel of ${from.name}, and there is none.`,
    {
      found: `no wheel of ${from.name} in world ${world}`,
      fix: `Look at why ${from.name} could not be built there; it comes first.`
    }
  )
}

function imagesOf({ context, places }: BuildRoom): WithImages {
  const { lock, inputs, clockLibrary } = places
  return {
    images: lock.images ?? {},
    blob: (digest) => inputs.blob(digest),
    debian: (entry) => inputs.debian(entry),
    cache: context.cache,
    clockLibrary
  }
}
