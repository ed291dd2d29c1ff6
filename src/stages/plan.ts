import { formatPlanSummary, type PlanPreview } from '../evidence/plan-preview.ts'
import { formatLock } from '../lock/lock-file.ts'
import type { Lock } from '../documents/lock.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import { writeDocument, readDocument } from '../documents/reading.ts'
import { TagproofError } from '../platform/errors.ts'
import { lockedImage } from '../lock/images/locked-image.ts'
import { sha256OfBytes, writeFileAtomic } from '../platform/files.ts'
import { versionOfTag } from '../source/version.ts'
import { staticRequires } from '../targets/python/requires.ts'
import { writeExports } from '../source/export.ts'
import { indexTargets } from '../targets/python/index-targets.ts'
import { clearFrom, type StageContext } from './context.ts'
import { earlierRelease, previewOf } from './preview.ts'
import { checkExpectedFiles } from './expected-files.ts'
import { lockSource } from './lock.ts'
import { graftInputs, planGit } from './git-inputs.ts'
import { imageNeeds, type NeededImage } from './lock-images.ts'
import { buildDependsOf } from './lock-roots.ts'
import { openHead, openRelease, type Source, type SourceOptions } from './source.ts'

export interface PlanOptions extends SourceOptions {
  /** A commit without a tag will do, as on a pull request: nothing of it can be published. */
  untagged?: boolean
  /** Record of an earlier release, to compare sizes with; by default that of the last run in this folder. */
  against?: string
  /** Nothing will be published: a commit without a tag will do, and a missing lock is resolved. */
  rehearsal?: boolean
}

/**
 * What is released, from which bytes, and what each world is given. Reads git objects, config and lock;
 * writes `plan.json`, `plan.md`, `tagproof.lock` and both exports. Runs no project code, except that resolving a
 * missing lock asks the backend for its requirements, in the sandbox.
 *
 * @throws TagproofError `lock-missing` where the tree has no lock and none may be resolved
 */
export async function plan(context: StageContext, options: PlanOptions): Promise<Plan> {
  return (await planWithPreview(context, options)).plan
}

/** The same, with what can be known before anything is built; also written to `plan.md`. */
export async function planWithPreview(context: StageContext, options: PlanOptions): Promise<PlanPreview> {
  const progress = context.log.begin('plan')
  const open = options.rehearsal === true || options.untagged === true ? openHead : openRelease
  const source = await open(context, options)
  try {
    const { tag, config } = source
    const version = tag.kind === 'untagged' ? null : versionOfTag(tag.name, config.value.tag.pattern)
    const expectedFiles = config.value['expected-files']
    const indexed = indexTargets(config.value.destinations, source.targets)
    if (expectedFiles !== undefined)
      await checkExpectedFiles(source.repository, source.entries, source.targets, expectedFiles)
    const earlier = await earlierRelease(context, options.against)
    await clearFrom(context.out, 'plan')
    const lock = await lockFor(context, source, options)
    const git = planGit(config.value, source.targets, lock.value)
    const { sources } = config.value
    const grafts = await graftInputs(context, source.repository, git, { lock: lock.value, sources })
    progress.line(`exporting ${source.tag.name}`)
    const exports = await writeExports(source.repository, source.tag, {
      folder: context.out.exports,
      inputs: source.config.value.inputs,
      generated: source.config.value.generated,
      targets: source.targets,
      grafts,
      log: context.log
    })
    progress.done(describe(source, version, exports.scramble.files.length))
    await requireStated(source, lock.value)
    const lockText = formatLock(lock.value)
    await writeFileAtomic(context.out.lock, lockText)
    const document: Plan = {
      schema: 'tagproof/plan/1',
      tag: source.tag,
      version,
      targets: source.targets,
      skipped: source.skipped,
      config: { from: source.config.from, sha256: source.config.sha256 },
      lock: { from: lock.from, sha256: sha256OfBytes(lockText) },
      sources: source.config.value.sources,
      limits: source.config.value.limits,
      waivers: source.config.value.waivers,
      generated: source.config.value.generated,
      ...(indexed.length === 0 ? {} : { indexed }),
      ...(git.length === 0 ? {} : { git }),
      ...(expectedFiles === undefined ? {} : { expectedFiles }),
      ...exports
    }
    await writeDocument('plan', context.out.plan, document)
    const { document: written } = await readDocument('plan', context.out.plan)
    const preview = await previewOf(context, source, { plan: written, lock: lock.value, earlier })
    await writeFileAtomic(context.out.planSummary, formatPlanSummary(preview))
    return preview
  } catch (error) {
    progress.failed()
    throw error
  } finally {
    await source.repository.close()
  }
}

/** The plan of an earlier stage. */
export async function readPlan(context: StageContext): Promise<Plan> {
  return (await readDocument('plan', context.out.plan)).document
}

/**
 * What the project states can be looked for in the lock before anything is fetched or run.
 *
 * @throws TagproofError `lock-incomplete`
 */
export async function requireStated(source: Source, lock: Lock): Promise<void> {
  planGit(source.config.value, source.targets, lock)
  for (const target of source.targets) {
    if (target.kind === 'python') await requirePython(source, target, lock)
    if (target.deb?.mode === 'debian') await requireDebian(source, target, lock)
    if (target.deb?.mode === 'venv' && lock.python[target.name] === undefined)
      throw otherLock(target, 'requirements', 'nothing for this target', 'what its wheel needs')
  }
  const { bases } = await imageNeeds(source)
  for (const needed of bases) requireBase(lock, needed)
}

/** For a base image, also each platform that its line asks for. */
function requireBase(lock: Lock, { reference, platforms, where }: NeededImage): void {
  const locked = lockedImage(lock.images, reference)
  const lacks = platforms.find((platform) => locked !== undefined && locked.platforms[platform] === undefined)
  if (locked !== undefined && lacks === undefined) return
  throw new TagproofError('lock-incomplete', 'The lock does not hold a base image.', {
    ...(where === undefined ? {} : { where }),
    found:
      (locked === undefined
        ? Object.keys(lock.images ?? {}).join(', ')
        : `${reference} for ${Object.keys(locked.platforms).join(', ')}`) || 'no base image',
    expected: lacks === undefined ? reference : `${reference} for ${lacks}`,
    fix: 'Run tagproof lock, commit the lock, and tag that commit.'
  })
}

async function requirePython(source: Source, target: PlanTarget, lock: Lock): Promise<void> {
  const locked = lock.python[target.name]
  const stated = await staticRequires(source.repository, source.entries, target)
  const missing = stated.filter((requirement) => locked?.requested.includes(requirement) !== true)
  if (locked === undefined || missing.length > 0)
    throw otherLock(
      target,
      'build requirements',
      locked === undefined ? 'nothing for this target' : locked.requested.join(', ') || 'none',
      stated.join(', ') || 'none'
    )
}

async function requireDebian(source: Source, target: PlanTarget, lock: Lock): Promise<void> {
  const requested = lock.roots[target.root]?.requested ?? []
  const { packages, relations } = await buildDependsOf(source, target)
  const missing = [...packages, ...relations].filter((one) => !requested.includes(one))
  if (missing.length > 0)
    throw otherLock(target, 'build dependencies', requested.join(', ') || 'none', missing.join(', '))
}

function otherLock(target: PlanTarget, what: string, found: string, expected: string): TagproofError {
  return new TagproofError('lock-incomplete', `The lock was made for other ${what} of ${target.name}.`, {
    found,
    expected,
    fix: 'Run tagproof lock, commit the lock, and tag that commit.'
  })
}

async function lockFor(
  context: StageContext,
  source: Source,
  options: PlanOptions
): Promise<{ from: Plan['lock']['from']; value: Lock }> {
  if (source.lock !== null) return source.lock
  if (options.rehearsal !== true)
    throw new TagproofError('lock-missing', 'The tagged tree has no .github/tagproof.lock.', {
      fix: 'Run tagproof lock, commit the file, and tag that commit. To try without one, run tagproof rehearse.'
    })
  context.log.info('The tagged tree has no lock: one is resolved, used, and left in the --out folder.')
  return { from: 'resolved', value: await lockSource(context, source, {}) }
}

function describe(source: Source, version: string | null, scrambled: number): string {
  const targets = source.targets.map((target) => target.name).join(', ')
  return `${source.tag.name} ${source.tag.commit.slice(0, 12)} version ${version ?? 'unknown'}: ${targets}; ${source.entries.length} paths, ${scrambled} scrambled for world b`
}
