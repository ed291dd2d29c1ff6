import { eq, valid } from '@renovatebot/pep440'
import { TagproofError } from '../platform/errors.ts'
import { quotedName } from './tag-name.ts'

/**
 * The version that a tag's name states: `v1.2.3`, `ckan-2.11.5`, `release/1.2`, `project-v1.0rc1`, `1.0`. It is
 * the longest tail, cut after a separator, that is a PEP 440 version beginning with a digit; a `v` before it is
 * dropped, nothing else of it is changed.
 *
 * @param pattern `tag.pattern` of the configuration, such as `ckan-{version}`: then nothing is guessed
 * @throws TagproofError `version-unknown`
 */
export function versionOfTag(tagName: string, pattern?: string): string {
  const found = pattern === undefined ? guessed(tagName) : stated(tagName, pattern)
  if (found !== undefined) return found
  throw new TagproofError('version-unknown', `The tag ${quotedName(tagName)} does not show its version.`, {
    expected: pattern === undefined ? 'a name that ends in a version, as v1.2.3 does' : `the form ${pattern}`,
    fix: 'Say how tags are named with tag: { pattern: "name-{version}" } in .github/tagproof.yml.'
  })
}

/** Equality of PEP 440: `1.0` is `1.0.0` and `1.0-rc1` is `1.0rc1`; other versions must be equal as text. */
export function sameVersion(a: string, b: string): boolean {
  return valid(a) !== null && valid(b) !== null ? eq(a, b) : a === b
}

/**
 * Whether a label of an image says the version: by itself, or with the name of a variant behind it (`1.2.3-slim`,
 * `2.11.5-py3.10`), which is not to make another version of it (`1.2.3-rc1`).
 */
export function labelAgrees(label: string, version: string): boolean {
  const ends = [...label.matchAll(/-(?=[A-Za-z][A-Za-z0-9_.-]*$)/g)].map(({ index }) => label.slice(0, index))
  const longest = [label, ...ends.reverse()].find((start) => valid(start) !== null)
  return sameVersion(longest ?? label, version)
}

function guessed(tagName: string): string | undefined {
  const starts = [0, ...[...tagName.matchAll(/[-_/@=+]/g)].map((separator) => separator.index + 1)]
  return starts
    .map((start) => tagName.slice(start).replace(/^v(?=\d)/i, ''))
    .find((tail) => /^\d/.test(tail) && valid(tail) !== null)
}

function stated(tagName: string, pattern: string): string | undefined {
  const [before = '', after = ''] = pattern.split('{version}')
  if (!tagName.startsWith(before) || !tagName.endsWith(after)) return undefined
  const version = tagName.slice(before.length, tagName.length - after.length)
  return /^\d[0-9A-Za-z.+!~_-]*$/.test(version) && before.length + after.length < tagName.length
    ? version
    : undefined
}
