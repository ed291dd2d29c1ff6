import { explain } from '@renovatebot/pep440'
import { TagproofError } from '../../../platform/errors.ts'

/** What the library says of a version; parts that are not there are null, which its types do not tell. */
interface Parts {
  epoch: number
  release: number[]
  pre: (string | number)[] | null
  post: number | null
  dev: number | null
  local: string | null
}

/**
 * A version of Python (PEP 440) as Debian sorts it (deb-version(7)), with a revision: pre-releases after `~`, so that
 * they come before the release, development releases after `~~`, so that they come before those, post-releases and
 * local parts after `+`, so that they come before the next one.
 *
 * @param version as the tag or the wheel says it
 * @param revision Debian revision, such as `1`
 * @throws TagproofError `version-unknown` for what is no version of PEP 440
 */
export function debianVersion(version: string, revision: string): string {
  const parts = explain(version.trim()) as Parts | null
  if (parts === null)
    throw new TagproofError('version-unknown', 'The version of the release has no Debian form.', {
      found: version,
      expected: 'a version of PEP 440, such as 1.2.3 or 2.0rc1',
      fix: 'Name the tag after a version that Python knows.'
    })
  const { epoch, release, pre, dev, post, local } = parts
  const text = [
    release.join('.'),
    pre === null ? '' : `~${pre.join('')}`,
    post === null ? '' : `+post${post}`,
    dev === null ? '' : `~~dev${dev}`,
    local === null ? '' : `+${local}`
  ].join('')
  return `${epoch > 0 ? `${epoch}:` : ''}${text}-${revision}`
}

/** The name of the file: the epoch of a version is no part of it, as dpkg-deb and archives have it. */
export function debFileName(name: string, version: string, architecture: string): string {
  return `${name}_${version.replace(/^[0-9]+:/, '')}_${architecture}.deb`
}
