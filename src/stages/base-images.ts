import type { ImageLock } from '../documents/lock.ts'
import type { PlanTarget } from '../documents/plan.ts'
import type { BaseImage } from '../proof/bases.ts'
import { readDockerfile } from '../targets/image/dockerfile.ts'
import { baseStage, readStages, targetStage, type Stage } from '../targets/image/stages.ts'

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
  return Object.entries(images).flatMap(([reference, { platforms }]) =>
    Object.entries(platforms).flatMap(([platform, { layers }]) => {
      const base =
        image.mode === 'assemble'
          ? image.assemble.base
          : dockerfile === null
            ? null
            : baseIn(dockerfile, image, platform)
      return base === reference ? [{ reference, platform, layers: layers.map(({ digest }) => digest) }] : []
    })
  )
}

/** What the built stage is made from in the end, through other stages. */
function baseIn(
  { text, path }: { text: string; path: string },
  { stage, arguments: given }: { stage: string | null; arguments: Readonly<Record<string, string>> },
  platform: string
): string {
  const all = readStages(readDockerfile(text, path), path, { arguments: given, platform })
  let built: Stage = targetStage(all, stage)
  for (let below = baseStage(all.stages, built); below !== undefined; below = baseStage(all.stages, built))
    built = below
  return built.base.text
}
