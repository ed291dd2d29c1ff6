import type { TraceContext } from '../generator.ts'
import { firstEntry, isVersionOfTag } from './changelog.ts'
import type { DebPackage } from './package.ts'

interface ChangelogRule {
  reason: string
  fits(found: string): boolean
}

/** The forms that a changelog of the tree takes in the package. */
export function trimmedChangelogs(
  text: string,
  { deb, context }: { deb: DebPackage; context: TraceContext }
): ChangelogRule[] {
  return [
    {
      reason: 'debian/changelog without its oldest entries, as dh_installchangelogs trims it.',
      fits: (found) => isTrimmed(text, found, deb.name)
    },
    {
      reason: 'debian/changelog with an entry for the tag on top.',
      fits: (found) => {
        const rest = withoutTop(found, deb, context)
        return rest !== undefined && (rest === text || isTrimmed(text, rest, deb.name))
      }
    }
  ]
}

/** dh_installchangelogs keeps entries of the last years and adds two lines (Debhelper 13.10 and later). */
function isTrimmed(text: string, found: string, name: string): boolean {
  const note = `# Older entries have been removed from this changelog.\n# To read the complete changelog use \`apt changelog ${name}\`.\n`
  const at = found.indexOf(note)
  if (at < 0 || at + note.length !== found.length) return false
  const kept = found.slice(0, at).trimEnd()
  if (!text.startsWith(kept)) return false
  return /^\s*\n[a-z0-9]/.test(text.slice(kept.length)) || /^\s*$/.test(text.slice(kept.length))
}

/** What follows the first entry, where that is one for the tag that says nothing else. */
function withoutTop(found: string, deb: DebPackage, { version, tag }: TraceContext): string | undefined {
  const top = firstEntry(found)
  if (
    top === undefined ||
    version === null ||
    top.version !== deb.version ||
    !found.startsWith(`${top.source} (`)
  )
    return undefined
  if (!isVersionOfTag(top.version, version)) return undefined
  const end = /\n -- [^\n]{1,300} {2}([^\n]+)\n\n?/.exec(found)
  if (end === null) return undefined
  const changes = found.slice(found.indexOf('\n') + 1, end.index).trim()
  const date = Date.parse(end[1] ?? '') / 1000
  const plain =
    changes.split('\n').length <= 3 &&
    changes.length <= 300 &&
    /^\* [^\n]*$/.test(changes.split('\n')[0] ?? '')
  return date === tag.epoch && plain ? found.slice(end.index + end[0].length) : undefined
}
