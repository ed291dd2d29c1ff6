import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Complete, ComparedBuild, ComparedTarget } from '../documents/complete.ts'
import type { TagRef } from '../documents/fields.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import { settleAll } from '../platform/concurrency.ts'
import { TagproofError, type ErrorCode } from '../platform/errors.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import { writeExports } from '../source/export.ts'
import { writeFullClone } from '../source/full-clone.ts'
import { previousRelease } from '../source/previous-release.ts'
import { openRepository, type Repository } from '../source/repository.ts'
import { requireUnmoved } from '../source/tag.ts'
import { buildTarget } from './build-target.ts'
import { plannedExport } from './variant.ts'
import { clearFrom, type StageContext } from './context.ts'
import { graftingOf } from './git-inputs.ts'
import { readMemberList } from './member-lists.ts'
import { withBuildPlaces, type BuildPlaces } from './places.ts'

export interface CompleteOptions {
  /** One build after the other, where memory or disk is short. */
  sequential?: boolean
}

/** Where the list of a comparison lies in its folder. */
export function completeFile(context: StageContext): string {
  return path.join(context.out.complete, 'complete.json')
}

/**
 * Builds two more things in the calm of world a, with the lock of this release, and keeps nothing of them but the
 * names of their members: the last release, and this tree in a full clone with all of git. Reads git objects, the plan
 * and the inputs; project code runs in the sandbox alone. Writes `complete/complete.json`, which prove reads.
 *
 * @throws TagproofError `tag-moved`, and those of `withBuildPlaces`; a build that fails is told in the document
 */
export async function complete(context: StageContext, options: CompleteOptions = {}): Promise<Complete> {
  const { document: plan, sha256: planDigest } = await readDocument('plan', context.out.plan)
  await clearFrom(context.out, 'prove')
  await rm(context.out.complete, { recursive: true, force: true })
  await mkdir(context.out.complete, { recursive: true })
  const repository = await openRepository(context.repository)
  try {
    await requireUnmoved(repository, plan.tag)
    return await withBuildPlaces(context, plan, 'complete', (places) =>
      withTemporaryFolder('tagproof-complete', async (folder) => {
        const room: Room = { context, plan, repository, places, folder }
        const jobs = [() => buildPrevious(room), () => buildClone(room)] as const
        const [previous, clone] =
          options.sequential === true
            ? [await jobs[0](), await jobs[1]()]
            : await bothOf(jobs[0](), jobs[1]())
        const document: Complete = { schema: 'tagproof/complete/1', plan: planDigest, previous, clone }
        await writeDocument('complete', completeFile(context), document)
        return document
      })
    )
  } finally {
    await repository.close()
  }
}

interface Room {
  context: StageContext
  plan: Plan
  repository: Repository
  places: BuildPlaces
  /** Temporary. */
  folder: string
}

async function buildPrevious(room: Room): Promise<Complete['previous']> {
  const { context, plan, repository } = room
  const found = await previousRelease(repository, plan.tag, plan.version)
  if ('none' in found) return found
  const folder = path.join(room.folder, 'previous')
  try {
    const { exports } = await writeExports(repository, found.tag, {
      folder,
      inputs: [],
      targets: plan.targets,
      grafts: await graftingOf(context, plan)(repository),
      log: context.log
    })
    const exportTar = path.join(folder, exports.a.file)
    return await buildAll(room, 'previous', found.tag, exportTar)
  } catch (error) {
    return { none: `${found.tag.name} cannot be exported: ${toldOf(error)}`.slice(0, 500) }
  }
}

async function buildClone(room: Room): Promise<Complete['clone']> {
  const { context, plan, repository } = room
  const folder = path.join(room.folder, 'clone')
  await mkdir(folder)
  const file = path.join(folder, 'clone.tar')
  const { file: exported } = await plannedExport(context, plan, 'a')
  const history = await writeFullClone(repository, { tag: plan.tag, exported, file, folder })
  return { ...(await buildAll(room, 'clone', plan.tag, file)), history }
}

async function buildAll(
  room: Room,
  name: 'previous' | 'clone',
  tag: TagRef,
  exportTar: string
): Promise<ComparedBuild> {
  const targets: ComparedTarget[] = []
  for (const target of room.plan.targets) targets.push(await buildOne(room, name, target, tag, exportTar))
  return { tag: tag.name, commit: tag.commit, targets }
}

async function buildOne(
  { context, plan, places, folder }: Room,
  name: 'previous' | 'clone',
  target: PlanTarget,
  tag: TagRef,
  exportTar: string
): Promise<ComparedTarget> {
  const out = path.join(folder, `built-${name}`, target.name)
  try {
    const built = await buildTarget(
      { context, plan: { ...plan, tag }, places },
      {
        target,
        world: 'a',
        exportTar,
        scrambled: 0,
        folder: out,
        off: [],
        title: `build ${target.name} of ${name === 'clone' ? 'a full clone' : `the last release ${tag.name}`}`,
        logFile: path.join(context.out.complete, `${name}.log`)
      }
    )
    const lists = await settleAll(
      built.artifacts.map((artifact) => readMemberList(path.join(out, artifact.name), artifact))
    )
    return { name: target.name, lists, reads: built.reads, failure: null }
  } catch (error) {
    return { name: target.name, lists: [], reads: null, failure: toldOf(error).slice(0, 1000) }
  }
}

/** What the project or its history is to blame for: the comparison cannot be made, and the release goes on. */
const tolerated: readonly ErrorCode[] = [
  'build-failed',
  'build-timeout',
  'build-memory',
  'build-processes',
  'build-disk',
  'build-output',
  'lock-incomplete',
  'archive-invalid',
  'config-invalid',
  'path-refused',
  'lfs-pointer',
  'submodule-refused',
  'object-missing'
]

function toldOf(error: unknown): string {
  if (!(error instanceof TagproofError) || !tolerated.includes(error.code)) throw error
  const { found, expected } = error.detail
  const more = [
    found === undefined ? '' : ` Found: ${found}.`,
    expected === undefined ? '' : ` Expected: ${expected}.`
  ]
  return `${error.code}: ${error.message}${more.join('')}`
}

/** Waits for both, and throws the first error only then. */
async function bothOf<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other])
  return [await one, await other]
}
