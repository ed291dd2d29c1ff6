import type { BuildFailure, BuiltTarget } from '../documents/build.ts'
import type { VariationName } from '../documents/fields.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { bisect } from '../proof/bisect.ts'
import type { BuildRoom } from './build-target.ts'
import { builds, type Trial } from './trial.ts'
import { hasOriginals } from './variant.ts'

export interface Diagnosis {
  /** Variations without which the target builds; empty if it fails without any; null if nothing was tried. */
  follows: readonly VariationName[] | null
  /** The target builds with scrambled files of the second tier. */
  builds: boolean
}

const scrambledFiles: VariationName = 'scrambled-files'

/**
 * Names the variation that makes a target fail in world b, by further builds: scrambled files first, with the second
 * tier before they are blamed; then the others, by halves. A build that took too long is not tried again. A machine that
 * was given no originals cannot leave scrambled files out: what only that could tell stays untold.
 */
export async function diagnose(room: BuildRoom, target: PlanTarget, failed: BuiltTarget): Promise<Diagnosis> {
  const { failure } = failed
  if (failure === undefined || failure.code === 'build-timeout') return { follows: null, builds: false }
  const retry = (off: readonly VariationName[], more: Partial<Trial> = {}): Promise<boolean> =>
    builds(room, { target, off, title: titleOf(target, off), ...more })
  const originals = await hasOriginals(room.context, room.plan)
  const applied = failed.variations.filter((variation) => variation.applied).map(({ name }) => name)
  const others = applied.filter((name) => name !== scrambledFiles)

  if (readsScrambled(room, failure)) {
    const title = `build ${target.name} with scrambled files of the second tier`
    if (await retry([], { variant: { tier: 2 }, title })) return { follows: [scrambledFiles], builds: true }
    if (originals && (await retry([scrambledFiles]))) return { follows: [scrambledFiles], builds: false }
  }
  if (await retry(others)) return { follows: await oneOf(others, retry), builds: false }
  if (!originals) return { follows: null, builds: false }
  const everything = [...others, scrambledFiles]
  return { follows: (await retry(everything)) ? everything : [], builds: false }
}

/** The one variation that it follows; or, where leaving that one out is not enough, all that had to be left out. */
async function oneOf(
  suspects: readonly VariationName[],
  retry: (off: readonly VariationName[]) => Promise<boolean>
): Promise<readonly VariationName[]> {
  const culprit = await bisect(suspects, retry)
  if (culprit === undefined) return suspects
  const first = suspects.indexOf(culprit) === 0
  if (first || (await retry([culprit]))) return [culprit]
  return suspects.slice(0, suspects.indexOf(culprit) + 1)
}

/** Where nobody knows what was read, it may have been anything. */
function readsScrambled({ plan }: BuildRoom, { reads }: BuildFailure): boolean {
  const { files, links } = plan.scramble
  if (reads === null) return files.length + links.length > 0
  const read = new Set(reads)
  return links.length > 0 || files.some((file) => read.has(file.path))
}

function titleOf({ name }: PlanTarget, off: readonly VariationName[]): string {
  const left = off.length > 3 ? `${off.length} variations` : off.join(', ')
  return `build ${name} in world b without ${left}`
}
