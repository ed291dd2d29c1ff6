import path from 'node:path'
import type { BuiltTarget } from '../documents/build.ts'
import type { VariationName } from '../documents/fields.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import type { Variant } from '../source/export-variant.ts'
import { wheelTargetOf } from '../targets/discover.ts'
import { attemptTarget, type BuildRoom } from './build-target.ts'
import { variantWithout, withVariant, type GivenExport } from './variant.ts'

/** One more build of world b, to find out what something follows. */
export interface Trial {
  target: PlanTarget
  /** Variations that are left out. */
  off: readonly VariationName[]
  /** In what its export differs besides. */
  variant?: Variant
  /** What it does, for the line of progress. */
  title: string
}

/** What a trial made. Its files are gone once `use` has ended. */
export interface Tried {
  built: BuiltTarget
  /** What the target is made of, built under the same conditions: the wheel that it takes. */
  parts: readonly BuiltTarget[]
  given: GivenExport
  /** Folder of the artifacts. */
  folder: string
}

/**
 * Builds a target once more in world b, under conditions of its own, and hands over what came of it; a failure of the
 * project's own counts as a result.
 */
export async function withTrial<T>(
  room: BuildRoom,
  { target, off, variant, title }: Trial,
  use: (tried: Tried) => T | Promise<T>
): Promise<T> {
  const { context, plan } = room
  const without = variantWithout(off)
  const merged = variant === undefined && without === undefined ? undefined : { ...without, ...variant }
  return withVariant(context, plan, merged, (given) =>
    withTemporaryFolder('tagproof-trial', async (temporary) => {
      const attempt = (one: PlanTarget): Promise<BuiltTarget> =>
        attemptTarget(room, {
          target: one,
          world: 'b',
          exportTar: given.file,
          scrambled: given.scrambled.length,
          folder: path.join(temporary, one.name),
          off,
          title: one === target ? title : `${title}: its wheel first`
        })
      const from = wheelTargetOf(target, plan.targets)
      const parts = from === undefined ? [] : [await attempt(from)]
      const built = await attempt(target)
      return use({ built, parts, given, folder: path.join(temporary, target.name) })
    })
  )
}

/** Whether a target builds under these conditions. */
export function builds(room: BuildRoom, trial: Trial): Promise<boolean> {
  return withTrial(room, trial, ({ built }) => built.failure === undefined)
}
