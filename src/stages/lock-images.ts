import type { ImageLock, Lock } from '../documents/lock.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { lockImages, type WantedImage } from '../lock/images/lock-images.ts'
import { TagproofError } from '../platform/errors.ts'
import { openRepository } from '../source/repository.ts'
import { listTree } from '../source/tree.ts'
import { readTextOf } from '../source/tree-text.ts'
import { referencesOf } from '../targets/image/references.ts'
import { pinningDiff } from '../targets/image/pinning.ts'
import { dockerfileFindings } from '../targets/image/rules/dockerfile-findings.ts'
import { signalOf, type StageContext } from './context.ts'
import { readPlannedLock } from './fetch.ts'
import type { Source } from './source.ts'

/** What the image targets of a release are made of. */
export interface ImageNeeds {
  /** Targets that are made of the Debian root, or of its packages. */
  root: ReadonlySet<string>
  /** Targets whose Dockerfile takes wheels of locked requirements. */
  wheels: ReadonlySet<string>
  /** Base images of all targets, each with the platforms that its lines ask for. */
  bases: readonly NeededImage[]
}

/** A base image, and who asks for it. */
export interface NeededImage extends WantedImage {
  /** The line of the Dockerfile, such as `Dockerfile:1`; left out where the configuration names the base. */
  where?: string
}

/**
 * Reads the Dockerfiles, and what they are made of.
 *
 * @throws TagproofError `config-invalid` with file and line
 */
export async function imageNeeds(source: Source): Promise<ImageNeeds> {
  const root = new Set<string>()
  const wheels = new Set<string>()
  const bases: NeededImage[] = []
  for (const target of source.targets) {
    if (target.image === undefined) continue
    for (const needed of await outsideOf(source, target)) {
      const { reference } = needed
      if (reference === 'tagproof-root' || reference === 'tagproof-debs') root.add(target.name)
      if (reference === 'tagproof-wheels') wheels.add(target.name)
      if (!reference.startsWith('tagproof-')) bases.push(needed)
    }
  }
  return { root, wheels, bases }
}

/** Named contexts and images that a target takes from outside of its Dockerfile. */
async function outsideOf(source: Source, target: PlanTarget): Promise<NeededImage[]> {
  const { image } = target
  if (image === undefined) return []
  if (image.mode === 'assemble') return [{ reference: image.assemble.base, platforms: image.platforms }]
  const { text, path } = await dockerfileOf(source, target)
  return referencesOf({ ...image, text, path })
    .filter(({ kind }) => kind === 'image' || kind === 'context')
    .map(({ name, platforms, line }) => ({ reference: name, platforms, where: `${path}:${line}` }))
}

/** Text and path of the Dockerfile of a target, in the tagged tree. */
export async function dockerfileOf(
  { repository, entries }: Pick<Source, 'repository' | 'entries'>,
  target: PlanTarget
): Promise<{ text: string; path: string }> {
  const name = target.image?.mode === 'dockerfile' ? target.image.dockerfile : ''
  const path = target.path === '.' ? name : `${target.path}/${name}`
  const text = await readTextOf(repository, entries, path)
  if (text !== null) return { text, path }
  throw new TagproofError('target-none', `The target ${target.name} has no Dockerfile.`, {
    where: path,
    fix: 'Correct `dockerfile` or `path` of the target in .github/tagproof.yml.'
  })
}

/** Of the Dockerfile itself before that of the context, as BuildKit takes them. */
async function ignoreFileOf(
  { repository, entries }: Pick<Source, 'repository' | 'entries'>,
  target: PlanTarget,
  dockerfile: string
): Promise<string | null> {
  const common = target.path === '.' ? '.dockerignore' : `${target.path}/.dockerignore`
  const own = await readTextOf(repository, entries, `${dockerfile}.dockerignore`)
  return own ?? readTextOf(repository, entries, common)
}

/** Whether the lock holds requirements for it: what the wheel of a package needs at run time. */
export function takesRequirements(target: PlanTarget, { wheels }: ImageNeeds): boolean {
  return target.deb?.mode === 'venv' || target.image?.mode === 'assemble' || wheels.has(target.name)
}

/** Resolves the base images to digests. */
export async function lockBases(
  context: StageContext,
  source: Source,
  { bases }: ImageNeeds,
  previous: Lock | null
): Promise<Record<string, ImageLock>> {
  if (bases.length === 0) return {}
  return lockImages(bases, {
    previous: previous?.images ?? {},
    sources: source.config.value.sources,
    log: context.log,
    ...signalOf(context)
  })
}

/** For each Dockerfile whose bases are not written with their digests: the lines to change, as a unified diff. */
export async function pinningDiffs(source: Source, images: Lock['images']): Promise<string[]> {
  const diffs: string[] = []
  for (const target of source.targets) {
    const { image } = target
    if (image?.mode !== 'dockerfile') continue
    const { stage, platforms } = image
    const file = await dockerfileOf(source, target)
    diffs.push(pinningDiff({ ...file, stage, arguments: image.arguments, platforms }, images))
  }
  return diffs.filter((diff) => diff !== '')
}

/** What the Dockerfiles of a plan say that cannot be proven, or moves. */
export async function imageFindings(context: StageContext, plan: Plan): Promise<Finding[]> {
  const targets = plan.targets.filter(({ image }) => image?.mode === 'dockerfile')
  if (targets.length === 0) return []
  const lock = await readPlannedLock(context, plan)
  const repository = await openRepository(context.repository)
  try {
    const entries = await listTree(repository, plan.tag.tree)
    const findings: Finding[] = []
    for (const target of targets) findings.push(...(await findingsOf({ repository, entries }, target, lock)))
    return findings
  } finally {
    await repository.close()
  }
}

/** What the Dockerfile of one target says that cannot be proven, or moves; nothing for a target without one. */
export async function findingsOf(
  source: Pick<Source, 'repository' | 'entries'>,
  target: PlanTarget,
  lock: Pick<Lock, 'images'>
): Promise<Finding[]> {
  const { image } = target
  if (image?.mode !== 'dockerfile') return []
  const { stage, platforms } = image
  const file = await dockerfileOf(source, target)
  const ignoreFile = await ignoreFileOf(source, target, file.path)
  return dockerfileFindings({ ...file, stage, arguments: image.arguments, platforms, lock, ignoreFile })
}
