import type { ImageLock, Lock } from '../documents/lock.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { lockImages } from '../lock/images/lock-images.ts'
import { TagproofError } from '../platform/errors.ts'
import { openRepository } from '../source/repository.ts'
import { listTree } from '../source/tree.ts'
import { readTextOf } from '../source/tree-text.ts'
import { referencesOf, type Reference } from '../targets/image/references.ts'
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
  /** References of base images in a registry, with the platforms that are wanted; by target. */
  bases: ReadonlyMap<string, { references: readonly string[]; platforms: readonly string[] }>
}

/**
 * Reads the Dockerfiles, and what they are made of.
 *
 * @throws TagproofError `config-invalid` with file and line
 */
export async function imageNeeds(source: Source): Promise<ImageNeeds> {
  const root = new Set<string>()
  const wheels = new Set<string>()
  const bases = new Map<string, { references: string[]; platforms: readonly string[] }>()
  for (const target of source.targets) {
    if (target.image === undefined) continue
    const { platforms } = target.image
    const found = await namesOf(source, target)
    if (found.includes('tagproof-root') || found.includes('tagproof-debs')) root.add(target.name)
    if (found.includes('tagproof-wheels')) wheels.add(target.name)
    bases.set(target.name, { references: found.filter((name) => !name.startsWith('tagproof-')), platforms })
  }
  return { root, wheels, bases }
}

/** Names of named contexts and references of images, as far as they come from outside of the Dockerfile. */
async function namesOf(source: Source, target: PlanTarget): Promise<string[]> {
  const { image } = target
  if (image === undefined) return []
  if (image.mode === 'assemble') return [image.assemble.base]
  const { text, path } = await dockerfileOf(source, target)
  return referencesOf({ ...image, text, path }).flatMap(outsideOf)
}

function outsideOf(reference: Reference): string[] {
  return reference.kind === 'image' || reference.kind === 'context' ? [reference.name] : []
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
  const wanted = [...bases.values()].flatMap(({ references, platforms }) =>
    references.map((reference) => ({ reference, platforms }))
  )
  if (wanted.length === 0) return {}
  return lockImages(wanted, {
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
    for (const target of targets) {
      const { image } = target
      if (image?.mode !== 'dockerfile') continue
      const { stage, platforms } = image
      const file = await dockerfileOf({ repository, entries }, target)
      findings.push(...dockerfileFindings({ ...file, stage, arguments: image.arguments, platforms, lock }))
    }
    return findings
  } finally {
    await repository.close()
  }
}
