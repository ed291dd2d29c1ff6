import path from 'node:path'
import type { Build, BuiltTarget, Perturbation } from '../documents/build.ts'
import type { Plan } from '../documents/plan.ts'
import type { Variant } from '../source/export-variant.ts'
import { scrambleSeed, type ScrambleTier } from '../worlds/scramble.ts'
import type { BuildOptions } from './build.ts'
import { attemptTarget, type BuildRoom } from './build-target.ts'
import { withVariant } from './variant.ts'

/** More builds of world b that a release has: one for declared pairs, and as many with other noise as were asked for. */
export async function perturb(
  room: BuildRoom,
  given: Build['scramble'],
  { perturbations = 1, off = [] }: BuildOptions
): Promise<Pick<Build, 'perturbations'>> {
  const names: Perturbation['name'][] = room.plan.scramble.paired.length > 0 ? ['pairs'] : []
  for (let number = 2; number <= perturbations; number += 1) names.push(`seed-${number}`)
  if (names.length === 0) return {}
  const built: Perturbation[] = []
  for (const name of names) {
    const variant = perturbationVariant(name, room.plan, given?.tier ?? room.plan.scramble.tier)
    const targets = await withVariant(room.context, room.plan, variant, async (export_) => {
      const targets: BuiltTarget[] = []
      for (const target of room.plan.targets)
        targets.push(
          await attemptTarget(room, {
            target,
            world: 'b',
            exportTar: export_.file,
            scrambled: export_.scrambled.length,
            folder: path.join(room.context.out.build('b'), `+${name}`, target.name),
            off,
            title: `build ${target.name} in world b, perturbation ${name}`
          })
        )
      return targets
    })
    built.push({ name, targets })
  }
  return { perturbations: built }
}

/**
 * What a perturbation is given, by its name. Whoever checks it makes the same again from git. Generators must be able
 * to read the files of their pairs, so these are scrambled in a valid form where there is one.
 *
 * @param tier of world b
 */
export function perturbationVariant(
  name: Perturbation['name'],
  { tag }: Pick<Plan, 'tag'>,
  tier: ScrambleTier
): Variant {
  if (name === 'pairs') return { pairs: true, tier: 2 }
  return { seed: scrambleSeed(tag, Number(name.slice('seed-'.length)) - 1), tier }
}
