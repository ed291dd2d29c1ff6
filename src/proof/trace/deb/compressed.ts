import { readGzip } from '../../../formats/gzip.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { once, whole } from '../../../platform/pieces.ts'
import { lastPart } from '../files/tree-names.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { installedPlace } from '../installed.ts'
import { memberText } from '../metadata/member-text.ts'
import { isDocumentation } from '../placement-installed.ts'
import { debPackage } from './package.ts'
import { possibleChangelogs, suiteIn } from './changelog.ts'
import { isTrimmed } from './trimmed-changelog.ts'

const largestInside = 64 * 2 ** 20

/** `X.gz`, which dh_compress makes of documentation by `gzip -9n`. Unpacked it is a file of the tag. */
export const compressedFile: Generator = {
  name: 'deb-compressed',
  reason: 'dh_compress packs documentation with gzip -9n: unpacked it is a file of the tag.',
  matches: ({ path, kind }) => kind === 'file' && path.endsWith('.gz'),
  async derive(member, context) {
    const bytes = await memberText(member, context)
    const inside = bytes === undefined ? undefined : await unpacked(bytes)
    const place = installedPlace(member.path, context.artifact.kind)
    if (bytes === undefined || inside === undefined || place === undefined) return undefined
    const paths = (await context.tree.holding?.(inside)) ?? []
    const [path] = paths.filter((each) => mayBe(each, place.path))
    if (path !== undefined) return { traced: true, from: [path] }
    return changelogOf(member, inside, context)
  }
}

/** Documentation may have any name; elsewhere a file keeps its own. */
function mayBe(path: string, installed: string): boolean {
  return isDocumentation(installed) || `${lastPart(path)}.gz` === lastPart(installed)
}

async function unpacked(content: Buffer): Promise<Buffer | undefined> {
  const plain: boolean[] = []
  try {
    const bytes = await whole(
      readGzip(once(content), {
        maximumSize: largestInside,
        onHeader: ({ mtime, name }) => plain.push(mtime === 0 && name === '')
      })
    )
    return plain.every(Boolean) ? bytes : undefined
  } catch (error) {
    if (error instanceof TagproofError) return undefined
    throw error
  }
}

/** The Debian changelog: dh_installchangelogs leaves old entries out and says so at the end. */
async function changelogOf(
  member: TracedMember,
  inside: Buffer,
  context: TraceContext
): Promise<Verdict | undefined> {
  const deb = await debPackage(context)
  if (deb === undefined || !/^usr\/share\/doc\/[^/]+\/changelog(\.Debian)?\.gz$/.test(member.path))
    return undefined
  const found = inside.toString('utf8')
  for (const { text, from, reason } of await possibleChangelogs(context, suiteIn(found))) {
    if (text === found) return { traced: true, from, reason: `${reason}.` }
    if (isTrimmed(text, found, deb.name))
      return {
        traced: true,
        from,
        reason: `${reason}, without its oldest entries, as dh_installchangelogs trims it.`
      }
  }
  return undefined
}
