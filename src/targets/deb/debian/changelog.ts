import type { Epoch } from '../../../documents/identifiers.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { fieldText, parseControlFile } from './control-file.ts'
import { debianUpstream, debianVersionAgrees } from './version.ts'
import { partsOf } from './version-order.ts'

/** The newest entry of a changelog (deb-changelog(5)). */
export interface ChangelogEntry {
  source: string
  version: string
  distributions: string
  /** As its last line says it; null where that cannot be read. */
  seconds: number | null
}

const heading = /^([a-z0-9][a-z0-9+.-]*) \(([^\s()]+)\)((?:\s+[A-Za-z0-9.~+_-]+)+)\s*;/
const signature = /^ -- .*> {2}(.*)$/

/** The newest entry of `debian/changelog`; null where there is none that can be read. */
export function newestEntry(changelog: string): ChangelogEntry | null {
  const lines = changelog.split(/\r?\n/)
  const start = lines.findIndex((line) => line.trim() !== '')
  const match = heading.exec(lines[start] ?? '')
  if (match === null) return null
  const end = lines.slice(start + 1).find((line) => signature.test(line) || heading.test(line)) ?? ''
  const milliseconds = Date.parse(signature.exec(end)?.[1] ?? '')
  return {
    source: match[1] ?? '',
    version: match[2] ?? '',
    distributions: (match[3] ?? '').trim(),
    seconds: Number.isNaN(milliseconds) ? null : Math.floor(milliseconds / 1000)
  }
}

/** What the entry for a tag is made from. All of it is in the plan, the lock and the tree. */
export interface ReleaseEntryFacts {
  /** `debian/control` of the tree, and what errors call it. */
  control: string
  controlPath: string
  /** `debian/source/format` of the tree; null where there is none. */
  format: string | null
  suite: string
  /** Name of the tag. */
  tag: string
  /** Version that the tag states. */
  version: string
  /** What the version of the package ends in, such as `~bookworm1`. */
  suffix?: string | undefined
  epoch: Epoch
}

/**
 * The changelog of a release, where it is made from the tag (`changelog: tag`): the tree's own with one entry on top.
 * An entry for this version that the tree has already is kept, and nothing added; with a suffix that it has not, an
 * entry is added for its version with that. Pure: both worlds and the proof
 * come to the same text.
 *
 * @param changelog `debian/changelog` of the tree; empty where there is none
 * @throws TagproofError `config-invalid` if `debian/control` names no source or maintainer
 */
export function changelogForTag(changelog: string, facts: ReleaseEntryFacts): string {
  const newest = newestEntry(changelog)
  const { suffix = '' } = facts
  const own = newest !== null && debianVersionAgrees(newest.version, facts.version) ? newest.version : null
  if (own?.endsWith(suffix) === true) return changelog
  const { source, maintainer } = whoOf(facts)
  const entry = [
    `${source} (${own ?? versionFor(newest, facts)}${suffix}) ${facts.suite}; urgency=medium`,
    '',
    `  * Release ${facts.tag}.`,
    '',
    ` -- ${maintainer}  ${changelogDate(facts.epoch)}`,
    ''
  ].join('\n')
  return changelog.trim() === '' ? entry : `${entry}\n${changelog}`
}

/** Epoch as before, upstream version of the tag, and revision 1 unless the package is native. */
function versionFor(newest: ChangelogEntry | null, { format, version }: ReleaseEntryFacts): string {
  const epoch = newest === null ? 0 : partsOf(newest.version).epoch
  const upstream = debianUpstream(version)
  const native = isNative(format?.trim() ?? '1.0', newest)
  return `${epoch === 0 ? '' : `${epoch}:`}${upstream}${native ? '' : '-1'}`
}

/** Format 1.0 does not say; the version before shows it (dpkg-source(1)). */
function isNative(format: string, newest: ChangelogEntry | null): boolean {
  if (format !== '1.0') return format.includes('native')
  return newest !== null && !newest.version.includes('-')
}

function whoOf({ control, controlPath }: ReleaseEntryFacts): { source: string; maintainer: string } {
  const { source: stanza } = parseControlFile(control, controlPath)
  const [source, maintainer] = [fieldText(stanza, 'Source'), fieldText(stanza, 'Maintainer')]
  const line = stanza.get('maintainer')?.lines[0] ?? 1
  if (source === null || maintainer === null || !/^[^<>\n]+ <[^<>\s]+>$/.test(maintainer))
    throw new TagproofError('config-invalid', 'An entry of debian/changelog needs a maintainer.', {
      where: `${controlPath}:${line}`,
      found: maintainer ?? 'no field Maintainer',
      expected: 'Maintainer: name <address>',
      fix: 'Correct the field, or set `changelog: tree` for the target.'
    })
  return { source, maintainer }
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** RFC 5322, in UTC, as changelogs write it: `Mon, 14 Sep 2026 10:00:00 +0000`. */
export function changelogDate(epoch: Epoch): string {
  const date = new Date(epoch * 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
  const day = days[date.getUTCDay()] ?? ''
  const month = months[date.getUTCMonth()] ?? ''
  return `${day}, ${two(date.getUTCDate())} ${month} ${date.getUTCFullYear()} ${time} +0000`
}
