import type { OfferedFile } from '../../lock/simple-index.ts'
import { sameVersion } from '../../source/version.ts'
import { TagproofError } from '../../platform/errors.ts'
import { indexFile } from '../simple-index.ts'
import type { IndexService } from './services.ts'

/** warehouse pull request 19727: a release takes no file after this time; the one that is there already counts as done. */
const windowDays = 14
const dayMilliseconds = 86_400_000

export interface ReleaseAge {
  project: string
  version: string
  /** Names that are not there. */
  missing: readonly string[]
  /** What the index has of the project; those of other versions do not count. */
  files: readonly OfferedFile[]
}

/**
 * The last moment at which a release takes a new file, in milliseconds since 1970; null for one that has no file, or an
 * index that does not say when they came. A release begins with its first file.
 */
export function closesAt({ version, files }: Pick<ReleaseAge, 'version' | 'files'>): number | null {
  const times = files
    .filter(({ file }) => sameVersion(indexFile(file)?.version ?? '', version))
    .map(({ uploadTime }) => Date.parse(uploadTime ?? ''))
    .filter((time) => !Number.isNaN(time))
  return times.length === 0 ? null : Math.min(...times) + windowDays * dayMilliseconds
}

/**
 * Whether the index still takes the rest of a release that was begun.
 *
 * @param now of the index, in milliseconds since 1970
 * @returns a line for people where there is a day to keep to, else null
 * @throws TagproofError `project-refused` where that day is over
 */
export function requireOpenRelease(release: ReleaseAge, service: IndexService, now: number): string | null {
  const end = service.kind === 'other' || release.missing.length === 0 ? null : closesAt(release)
  if (end === null) return null
  const { project, version, missing } = release
  const day = new Date(end)
    .toISOString()
    .replace(/:\d\d\.\d+Z$/, ' UTC')
    .replace('T', ' ')
  if (now < end)
    return `${service.name} has a part of ${project} ${version}, and takes the rest until ${day}: ${missing.join(', ')}`
  throw new TagproofError('project-refused', `${service.name} takes no new file of ${project} ${version}.`, {
    found: `its first file came more than ${windowDays} days ago; missing: ${missing.join(', ')}`,
    expected: `an upload before ${day}`,
    fix: 'This release can no longer be completed. Yank it, and release a new version.'
  })
}
