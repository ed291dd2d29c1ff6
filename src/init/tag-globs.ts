import { rcompare, valid } from '@renovatebot/pep440'
import { versionOfTag } from '../source/version.ts'

/** Of a project that has no tags yet. */
const usual = 'v*'
/** So many of the newest versions decide; how a project named its tags long ago does not matter. */
const mostNames = 30

/**
 * The glob of a workflow's `on.push.tags` for the way a project names its tags: the most frequent text before the
 * version (`v*`, `ckan-*`), and `[0-9]*` for bare versions. Pure.
 */
export function tagGlob(names: readonly string[]): string {
  const read = names.flatMap((name) => partsOf(name) ?? [])
  const newest = read.sort((one, other) => rcompare(one.version, other.version)).slice(0, mostNames)
  const counts = new Map<string, number>()
  for (const { prefix } of newest) counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
  // Among equals, the first is that of the newest version.
  const [best] = [...counts].sort(([, one], [, other]) => other - one)
  if (best === undefined) return usual
  return best[0] === '' ? '[0-9]*' : `${escaped(best[0])}*`
}

function partsOf(name: string): { prefix: string; version: string } | null {
  try {
    const version = versionOfTag(name)
    const prefix = name.slice(0, name.length - version.length)
    return valid(version) === null ? null : { prefix, version }
  } catch {
    return null
  }
}

/** Characters that a filter of GitHub Actions reads as a pattern. */
function escaped(prefix: string): string {
  return prefix.replace(/[*?+[\]!\\]/g, '\\$&')
}
