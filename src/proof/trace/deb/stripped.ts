import { isNormalised } from '../../normalised.ts'
import { packagePathsNamed, pathsNamed } from '../files/tree-names.ts'
import type { Generator, TraceContext, TracedMember } from '../generator.ts'
import { installedPlace } from '../installed.ts'
import { memberText } from '../metadata/member-text.ts'
import { newestEntry } from '../../../targets/deb/debian/changelog.ts'
import { possibleChangelogs } from './changelog.ts'
import { isDocumentation } from '../placement-installed.ts'

/** By the first bytes: gzip, PNG, zip and jar. */
const known = /^(1f8b08|89504e47|504b0304)/
/** Files of one name that are looked at. */
const mostCandidates = 20

/**
 * A `.gz`, PNG, zip or jar of the tree without the times and names in it, as dh_strip_nondeterminism leaves it: what it
 * makes of the file of the tag is made again.
 */
export const strippedFile: Generator = {
  name: 'strip-nondeterminism',
  reason:
    'strip-nondeterminism takes times and names out of files of these formats; all else is that of the tag.',
  matches: ({ kind, head }) => kind === 'file' && known.test(head.toString('hex', 0, 4)),
  async derive(member, context) {
    const content = await memberText(member, context)
    if (content === undefined) return undefined
    const times = await timesOf(context)
    for (const path of candidatesOf(member, context)) {
      const original = await context.tree.read(path)
      for (const time of original === undefined ? [] : times)
        if (original !== undefined && (await isNormalised(original, content, time)))
          return { traced: true, from: [path] }
    }
    return undefined
  }
}

function candidatesOf(member: TracedMember, context: TraceContext): string[] {
  const place = installedPlace(member.path, context.artifact.kind)?.path ?? member.path
  const named = isDocumentation(place)
    ? pathsNamed(context, place.slice(place.lastIndexOf('/') + 1))
    : packagePathsNamed(context, place)
  const own = context.own?.(member.path) ?? null
  return [...new Set([...(own === null ? [] : [own]), ...named])].slice(0, mostCandidates)
}

/** The time of the release, and that of the changelog, which dh_strip_nondeterminism goes by; another's build may have had none. */
async function timesOf(context: TraceContext): Promise<(number | undefined)[]> {
  const changelogs = await possibleChangelogs(context)
  const times = changelogs.flatMap(({ text }) => newestEntry(text)?.seconds ?? [])
  return [...new Set([context.tag.epoch, ...times, ...(context.build === null ? [undefined] : [])])]
}
