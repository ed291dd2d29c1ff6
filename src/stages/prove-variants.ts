import path from 'node:path'
import type { Build, Perturbation } from '../documents/build.ts'
import type { World } from '../documents/identifiers.ts'
import type { Plan, ScrambledFile } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import { asTagproofError, TagproofError } from '../platform/errors.ts'
import { joinInside } from '../platform/files.ts'
import { artifactPairs } from '../proof/made-of.ts'
import { readPair } from '../proof/pair.ts'
import { perturbationFailure, perturbationMissing, perturbationNote } from '../proof/perturbation-findings.ts'
import { declaredOutput, perturbationFindings } from '../proof/perturbation.ts'
import type { ReadOriginal } from '../proof/putback.ts'
import { invalidArchiveFinding } from '../proof/reproduce.ts'
import { restoreWorldB } from '../proof/restore.ts'
import type { Repository } from '../source/repository.ts'
import { openTracedTree } from '../source/traced-tree.ts'
import { variantFiles } from '../source/variant-files.ts'
import { openGround, type Ground } from './base-images.ts'
import type { StageContext } from './context.ts'
import { openGrafted } from './git-inputs.ts'
import { perturbationVariant } from './perturb.ts'
import { strippedTimes } from './stripped-times.ts'

/**
 * The plan with the scrambled files that world b saw: those of the plan, or of the second tier where its build says
 * so. The latter are made again from git.
 *
 * @throws TagproofError `document-mismatch`
 */
export async function planSeenByB(context: StageContext, plan: Plan, b: Build): Promise<Plan> {
  const { scramble } = b
  if (scramble === undefined) return plan
  const files = await withRepository(context, plan, (repository) =>
    variantFiles(repository, plan.scramble, { tier: 2 })
  )
  const seen: Plan['scramble'] = { ...plan.scramble, tier: 2, files }
  if (JSON.stringify(seen) === JSON.stringify(scramble)) return { ...plan, scramble: seen }
  throw new TagproofError('document-mismatch', 'World b was not given what the tag gives.', {
    where: 'build-b/build.json: .scramble',
    fix: 'The document was altered, or made by another version of Tagproof; build again.'
  })
}

/** Compares each perturbation with what world a made: members may differ in nothing but verbatim copies. */
export async function findPerturbations(
  context: StageContext,
  plan: Plan,
  builds: Record<World, Build>
): Promise<Finding[]> {
  const { perturbations = [] } = builds.b
  if (perturbations.length === 0) return []
  const ground = await openGround(context, plan)
  return withRepository(context, plan, async (repository) => {
    const findings: Finding[] = []
    for (const perturbation of perturbations)
      findings.push(...(await compareOne({ context, plan, a: builds.a, ground, repository }, perturbation)))
    return [...findings, ...perturbationNote(perturbations, findings)]
  })
}

interface Comparing {
  context: StageContext
  plan: Plan
  a: Build
  ground: (target: { name: string }) => Ground
  repository: Repository
}

async function compareOne(
  { context, plan, a, ground, repository }: Comparing,
  { name, targets }: Perturbation
): Promise<Finding[]> {
  const variant = perturbationVariant(name, plan, plan.scramble.tier)
  const files = await variantFiles(repository, plan.scramble, variant)
  const madeOf = artifactPairs(a.targets, targets)
  const pairs = name === 'pairs' ? plan.generated : []
  const findings: Finding[] = []
  const tree = await openTracedTree(repository, plan.tag.tree)
  for (const target of targets) {
    if (target.failure !== undefined) {
      findings.push(perturbationFailure(name, target.name, target.failure, files))
      continue
    }
    for (const artifact of a.targets.find((built) => built.name === target.name)?.artifacts ?? []) {
      const { kind } = artifact
      const { baseLayers = new Set() } = ground(target)
      if (!target.artifacts.some((made) => made.name === artifact.name)) {
        findings.push(perturbationMissing(name, artifact.name))
        continue
      }
      const file = (folder: string): string => joinInside(path.join(folder, target.name), artifact.name)
      const b = context.out.build('b')
      try {
        const { a: shipped, b: perturbed } = await readPair(
          file(context.out.build('a')),
          file(path.join(b, `+${name}`)),
          kind,
          baseLayers
        )
        const { members } = await restoreWorldB({
          a: file(context.out.build('a')),
          b: file(path.join(b, `+${name}`)),
          kind,
          archives: { a: shipped, b: perturbed },
          scramble: files,
          links: plan.scramble.links,
          seed: variant.seed ?? plan.scramble.seed,
          original: originalsOf(files, repository),
          strippedTimes: await strippedTimes(tree, plan, target.name),
          madeOf,
          baseLayers,
          mayHave: declaredOutput(pairs, kind)
        })
        findings.push(
          ...perturbationFindings({
            shipped,
            perturbed: { ...perturbed, members },
            kind,
            name: artifact.name,
            perturbation: name,
            pairs
          })
        )
      } catch (thrown) {
        const error = asTagproofError(thrown)
        if (error.code !== 'archive-invalid') throw error
        findings.push(invalidArchiveFinding(error, artifact.name))
      }
    }
  }
  return findings
}

/** Reads the original of one of these files, whose blobs were taken from the tagged tree. */
export function originalsOf(files: readonly ScrambledFile[], repository: Repository): ReadOriginal {
  const blobs = new Map(files.map((file) => [file.path, file.blob]))
  return async (name) => {
    const blob = blobs.get(name)
    if (blob === undefined)
      throw new TagproofError('path-refused', `The file ${JSON.stringify(name)} was not scrambled.`)
    return (await repository.readObject(blob, 'blob')).data
  }
}

async function withRepository<T>(
  context: StageContext,
  plan: Plan,
  use: (repository: Repository) => Promise<T>
): Promise<T> {
  const { repository } = await openGrafted(context, plan)
  try {
    return await use(repository)
  } finally {
    await repository.close()
  }
}
