import type { Plan } from '../documents/plan.ts'
import type { TracedTree } from '../proof/trace/generator.ts'
import { newestEntry } from '../targets/deb/debian/changelog.ts'

/**
 * Times that strip-nondeterminism may write into files of a target, in seconds since 1970: that of the release, and, for
 * a `debian/` folder, that of the newest entry of its changelog, which dh_strip_nondeterminism goes by, whatever
 * `SOURCE_DATE_EPOCH` says.
 *
 * @param name of the target
 */
export async function strippedTimes(
  tree: Pick<TracedTree, 'read'>,
  { tag, targets }: Pick<Plan, 'tag' | 'targets'>,
  name: string
): Promise<number[]> {
  const target = targets.find((each) => each.name === name)
  if (target?.deb?.mode !== 'debian') return [tag.epoch]
  const folder = target.path === '.' ? '' : `${target.path}/`
  const text = await tree.read(`${folder}debian/changelog`)
  const seconds = newestEntry(text?.toString('utf8') ?? '')?.seconds ?? null
  return seconds === null || seconds === tag.epoch ? [tag.epoch] : [tag.epoch, seconds]
}
