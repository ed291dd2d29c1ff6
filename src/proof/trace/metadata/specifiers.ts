import { satisfies, valid } from '@renovatebot/pep440'

/**
 * A set of versions: one of the alternatives, each a list of clauses (PEP 440) that must all hold. PEP 440 itself has
 * one alternative; constraints of Poetry may have more. An empty list of clauses holds for every version.
 */
export type VersionRange = readonly (readonly string[])[]

/** One version in one spelling, without the zeros at its end that mean nothing; as it is where it is no version. */
export function canonicalVersion(text: string): string {
  const version = valid(text.trim())
  if (version === null) return text.trim()
  return version.toLowerCase().replace(/^((?:\d+!)?\d+(?:\.\d+)*?)(?:\.0)+(?![\d.]*\d)/, '$1')
}

/**
 * The clauses of a specifier set, each in one spelling, sorted, none twice. `~=1.4` and `==1.*` become bounds, as some
 * backends write them so.
 */
export function canonicalSpecifiers(text: string): string[] {
  const clauses = text
    .replace(/^\s*\(([^()]*)\)\s*$/, '$1')
    .split(',')
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '')
  return [...new Set(clauses.flatMap(canonicalClause))].sort()
}

function canonicalClause(clause: string): string[] {
  const [, operator, version = ''] = /^(===|~=|==|!=|<=|>=|<|>)\s*(.*)$/s.exec(clause) ?? []
  if (operator === undefined) return [clause.replace(/\s+/g, '')]
  const prefix = /^(\d+(?:\.\d+)*)\.\*$/.exec(version.trim())?.[1]
  if (operator === '==' && prefix !== undefined) return between(prefix, prefix)
  if (operator === '~=' && /^\d+(\.\d+)+$/.test(version.trim()))
    return between(version, version.trim().replace(/\.\d+$/, ''))
  if (prefix !== undefined) return [`${operator}${prefix}.*`]
  return [`${operator}${canonicalVersion(version)}`]
}

function between(low: string, prefix: string): string[] {
  return [`<${canonicalVersion(raised(prefix))}`, `>=${canonicalVersion(low)}`]
}

/** `1.4` becomes `1.5`. */
export function raised(version: string): string {
  const parts = version.split('.').map(Number)
  parts.push((parts.pop() ?? 0) + 1)
  return parts.join('.')
}

/** Whether a version is in a range; undefined where it cannot be told. */
export function inRange(version: string, range: VersionRange): boolean | undefined {
  try {
    return range.some((clauses) =>
      clauses.every((clause) => satisfies(version, arbitrary(clause), { prereleases: true }))
    )
  } catch {
    return undefined
  }
}

/** `===` compares text; for versions it is `==`. */
function arbitrary(clause: string): string {
  return clause.replace(/^===/, '==')
}

/** Whether two ranges hold the same versions: the same clauses, or the same answer around every version they name. */
export function sameRange(one: VersionRange, other: VersionRange): boolean {
  if (text(one) === text(other)) return true
  const named = [...one, ...other]
    .flat()
    .flatMap((clause) => /\d[^*]*?(?=\.\*|$)/.exec(clause)?.slice(0, 1) ?? [])
  const samples = [...new Set(['0', '9999', ...named.flatMap(around)])].filter((each) => valid(each) !== null)
  return samples.every((sample) => {
    const there = inRange(sample, one)
    return there !== undefined && there === inRange(sample, other)
  })
}

function text(range: VersionRange): string {
  return range
    .map((clauses) => canonicalSpecifiers(clauses.join(',')).join(','))
    .sort()
    .join('|')
}

function around(version: string): string[] {
  const release = /^(?:\d+!)?\d+(?:\.\d+)*/.exec(version)?.[0] ?? ''
  const parts = release.split('.')
  const lower = parts.map((part, at) =>
    [...parts.slice(0, at), String(Math.max(0, Number(part) - 1)), '999'].join('.')
  )
  const higher = parts.map((_, at) => raised(parts.slice(0, at + 1).join('.')))
  return [version, release, `${release}.0.1`, ...lower, ...higher].map(padded)
}

/** With zeros up to four numbers: a wildcard such as `3.0.*` is compared number by number. */
function padded(version: string): string {
  if (!/^\d+(\.\d+)*$/.test(version)) return version
  const parts = version.split('.')
  return [...parts, ...Array<string>(Math.max(0, 4 - parts.length)).fill('0')].join('.')
}
