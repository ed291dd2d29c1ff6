import { normalizeName } from '../../../formats/metadata.ts'
import { anyMarker, markerText, parseMarker, type Marker } from './marker.ts'
import { sameMarker } from './marker-equality.ts'
import { canonicalSpecifiers, sameRange, type VersionRange } from './specifiers.ts'

/** A requirement (PEP 508). */
export interface Requirement {
  /** Normalised. */
  name: string
  /** Normalised and sorted. */
  extras: readonly string[]
  range: VersionRange
  url: string | null
  marker: Marker | null
}

const form =
  /^\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(?:@\s*(\S+)\s*|([^;@]*))(?:;(.*))?$/s

/** Parses a requirement; undefined if it is none. */
export function parseRequirement(text: string): Requirement | undefined {
  const [, name, extras = '', url, specifiers = '', condition] = form.exec(text.slice(0, 2000)) ?? []
  if (name === undefined) return undefined
  const marker = condition === undefined || condition.trim() === '' ? null : parseMarker(condition)
  if (marker === undefined) return undefined
  const clauses = canonicalSpecifiers(specifiers)
  if (!clauses.every((clause) => /^(===|[~=!<>]=|[<>])[\w.!+*-]+$/.test(clause))) return undefined
  return {
    name: normalizeName(name),
    extras: normalExtras(extras.split(',')),
    range: [clauses],
    url: url ?? null,
    marker
  }
}

export function normalExtras(extras: readonly string[]): string[] {
  return [
    ...new Set(extras.map((extra) => normalizeName(extra.trim())).filter((extra) => extra !== ''))
  ].sort()
}

/** A requirement in one spelling, for messages and for comparing what one backend wrote twice. */
export function requirementText({ name, extras, range, url, marker }: Requirement): string {
  const versions = range.map((clauses) => canonicalSpecifiers(clauses.join(',')).join(',')).join(' || ')
  const what = `${name}${extras.length > 0 ? `[${extras.join(',')}]` : ''}`
  return `${what}${url === null ? versions : ` @ ${url}`}${marker === null ? '' : `; ${markerText(marker)}`}`
}

/**
 * What is in one list of requirements and not in the other, by meaning: requirements of one project with the same
 * versions count as one, whose markers are joined.
 *
 * @param python versions of Python that the project is for
 */
export function requirementDifference(
  found: readonly Requirement[],
  expected: readonly Requirement[],
  python: VersionRange
): { added: Requirement[]; missing: Requirement[] } {
  const texts = {
    found: new Set(found.map(requirementText)),
    expected: new Set(expected.map(requirementText))
  }
  const doubtful = new Set(
    [
      ...found.filter((each) => !texts.expected.has(requirementText(each))),
      ...expected.filter((each) => !texts.found.has(requirementText(each)))
    ].map(({ name }) => name)
  )
  const added: Requirement[] = []
  const missing: Requirement[] = []
  for (const name of doubtful) {
    const [left, right] = [of(found, name), of(expected, name)]
    const same = (one: Group, other: Group): boolean =>
      sameThing(one[0], other[0]) && sameMarker(markerOf(one), markerOf(other), python)
    added.push(...left.filter((one) => !right.some((other) => same(one, other))).flat())
    missing.push(...right.filter((one) => !left.some((other) => same(other, one))).flat())
  }
  return { added, missing }
}

type Group = [Requirement, ...Requirement[]]

/** The requirements of one name, those of the same extras and versions together. */
function of(requirements: readonly Requirement[], name: string): Group[] {
  const groups: Group[] = []
  for (const requirement of requirements.filter((each) => each.name === name)) {
    const group = groups.find(([first]) => sameThing(first, requirement))
    if (group === undefined) groups.push([requirement])
    else group.push(requirement)
  }
  return groups
}

function sameThing(one: Requirement, other: Requirement): boolean {
  return (
    one.extras.join() === other.extras.join() && one.url === other.url && sameRange(one.range, other.range)
  )
}

function markerOf(group: Group): Marker | null {
  return anyMarker(group.map(({ marker }) => marker))
}
