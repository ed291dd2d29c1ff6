import type { ImageLock } from '../documents/lock.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import { lockedImage } from '../lock/images/locked-image.ts'
import type { BaseImage } from '../proof/bases.ts'
import { openRepository } from '../source/repository.ts'
import { readTree } from '../source/tree.ts'
import { readDockerfile } from '../targets/image/dockerfile.ts'
import { machinePlatform } from '../platform/registry/platform.ts'
import { expand, splitWords } from '../targets/image/expansion.ts'
import {
  eachInstruction,
  readStages,
  stageChain,
  targetStage,
  type Stage,
  type Stages
} from '../targets/image/stages.ts'
import type { StageContext } from './context.ts'
import { readPlannedLock } from './fetch.ts'
import { dockerfileOf } from './lock-images.ts'

/** What an image is known to stand on; nothing for other kinds. */
export interface Ground {
  bases?: readonly BaseImage[]
  /** Of all locked images, whether the target stands on them or takes files from them. */
  baseLayers?: ReadonlySet<string>
  /** The project states the version of its image itself, as a label. */
  labelled?: boolean
}

/**
 * Tells the ground of each target, by the planned lock and the Dockerfile of the tagged tree.
 *
 * @throws TagproofError `document-mismatch` for another lock, `config-invalid` for a Dockerfile that cannot be read
 */
export async function openGround(
  context: StageContext,
  plan: Plan
): Promise<(target: Pick<PlanTarget, 'name'>) => Ground> {
  const targets = plan.targets.filter(({ image }) => image !== undefined)
  if (targets.length === 0) return () => ({})
  const { images = {} } = await readPlannedLock(context, plan)
  const baseLayers = lockedLayers(images)
  const repository = await openRepository(context.repository)
  try {
    const { entries } = await readTree(repository, plan.tag.tree)
    const grounds = new Map<string, Ground>()
    for (const target of targets) {
      const dockerfile =
        target.image?.mode === 'dockerfile' ? await dockerfileOf({ repository, entries }, target) : null
      const labelled = statesVersion(target, dockerfile)
      grounds.set(target.name, { bases: basesOf(target, images, dockerfile), baseLayers, labelled })
    }
    return ({ name }) => grounds.get(name) ?? {}
  } finally {
    await repository.close()
  }
}

type Images = Readonly<Record<string, ImageLock>>

/** Layers of all locked images, `sha256:…`: readers of images take each as one member. */
export function lockedLayers(images: Images): Set<string> {
  const locks = Object.values(images).flatMap(({ platforms }) => Object.values(platforms))
  return new Set(locks.flatMap(({ layers }) => layers.map(({ digest }) => digest)))
}

/**
 * The locked bases that an image target stands on, one for each platform that the lock has; none where it stands on
 * nothing, or on the Debian root. Pure.
 *
 * @param dockerfile text and path in the tree; null for a target that has none
 * @throws TagproofError `config-invalid` with file and line
 */
export function basesOf(
  { image }: Pick<PlanTarget, 'image'>,
  images: Images,
  dockerfile: { text: string; path: string } | null
): BaseImage[] {
  if (image === undefined) return []
  return Object.entries(images).flatMap(([reference, locked]) =>
    Object.entries(locked.platforms).flatMap(([platform, { layers }]) => {
      const base =
        image.mode === 'assemble'
          ? image.assemble.base
          : dockerfile === null
            ? null
            : baseIn(dockerfile, image, platform)
      const stands = base !== null && lockedImage(images, base) === locked
      return stands ? [{ reference, platform, layers: layers.map(({ digest }) => digest) }] : []
    })
  )
}

/** What the built stage is made from in the end, through other stages. */
function baseIn(dockerfile: Text, settings: StageSettings, platform: string): string {
  const { chain } = chainIn(dockerfile, settings, platform)
  return chain[0].base.text
}

interface Text {
  text: string
  path: string
}

interface StageSettings {
  stage: string | null
  arguments: Readonly<Record<string, string>>
}

/** The stages of the image, from that on the base to the built one. */
function chainIn(
  { text, path }: Text,
  { stage, arguments: given }: StageSettings,
  platform: string
): { all: Stages; chain: readonly [Stage, ...Stage[]] } {
  const all = readStages(readDockerfile(text, path), path, { arguments: given, platform })
  return { all, chain: stageChain(all.stages, targetStage(all, stage)) }
}

const versionLabel = 'org.opencontainers.image.version'

/** Whether the image gets the label from the project, and not from its base. An assembled one always has its own. */
function statesVersion({ image }: Pick<PlanTarget, 'image'>, dockerfile: Text | null): boolean {
  if (image?.mode !== 'dockerfile' || dockerfile === null) return image?.mode === 'assemble'
  const [platform = machinePlatform()] = image.platforms
  const { all, chain } = chainIn(dockerfile, image, platform)
  let states = false
  for (const stage of chain)
    eachInstruction(all, stage, { arguments: image.arguments, platform }, ({ keyword, text }, values) => {
      if (keyword !== 'LABEL') return
      const words = splitWords(text.trim(), all.escape).map((word) => expand(word, values, all.escape).text)
      states ||= words.some((word) => word === versionLabel || word.startsWith(`${versionLabel}=`))
    })
  return states
}
