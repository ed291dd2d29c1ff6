import { normalizeName } from '../../../formats/metadata.ts'
import { inRange, type VersionRange } from './specifiers.ts'

/** An environment marker (PEP 508). `python` is a range of Python versions as Poetry states it. */
export type Marker =
  | { kind: 'and'; parts: readonly Marker[] }
  | { kind: 'or'; parts: readonly Marker[] }
  | { kind: 'compare'; variable: string; operator: string; value: string; turned: boolean }
  | { kind: 'python'; range: VersionRange }

/** Names of older versions of the specification. */
const aliases = new Map([
  ['os.name', 'os_name'],
  ['sys.platform', 'sys_platform'],
  ['platform.version', 'platform_version'],
  ['platform.machine', 'platform_machine'],
  ['platform.python_implementation', 'platform_python_implementation'],
  ['python_implementation', 'platform_python_implementation']
])
const turnedOperators = new Map([
  ['<', '>'],
  ['>', '<'],
  ['<=', '>='],
  ['>=', '<=']
])
const token =
  /\s*(?:(\()|(\))|("[^"]*"|'[^']*')|(===|==|~=|!=|<=|>=|<|>)|(not\s+in\b|in\b)|(and\b|or\b)|([A-Za-z_][\w.]*))/y
const deepest = 50

/** Parses a marker; undefined if it is none. */
export function parseMarker(text: string): Marker | undefined {
  const tokens = tokenize(text)
  if (tokens === undefined) return undefined
  const state = { tokens, at: 0 }
  const marker = parseBranch(state, 'or', 0)
  return state.at === tokens.length ? marker : undefined
}

function tokenize(text: string): string[] | undefined {
  const tokens: string[] = []
  token.lastIndex = 0
  for (let at = 0; text.slice(at).trim() !== '';) {
    token.lastIndex = at
    const match = token.exec(text)
    if (match === null || tokens.length > 2000) return undefined
    tokens.push(match[0].trim())
    at = token.lastIndex
  }
  return tokens
}

interface ParseState {
  tokens: readonly string[]
  at: number
}

function parseBranch(state: ParseState, kind: 'and' | 'or', depth: number): Marker | undefined {
  const parts: Marker[] = []
  do {
    const part = kind === 'or' ? parseBranch(state, 'and', depth) : parseAtom(state, depth)
    if (part === undefined) return undefined
    parts.push(part)
  } while (state.tokens[state.at] === kind && ++state.at)
  return parts.length === 1 ? parts[0] : { kind, parts }
}

function parseAtom(state: ParseState, depth: number): Marker | undefined {
  if (depth > deepest) return undefined
  if (state.tokens[state.at] === '(') {
    state.at += 1
    const inner = parseBranch(state, 'or', depth + 1)
    if (inner === undefined || state.tokens[state.at] !== ')') return undefined
    state.at += 1
    return inner
  }
  const [left, operator, right] = state.tokens.slice(state.at, state.at + 3)
  if (left === undefined || operator === undefined || right === undefined) return undefined
  if (!/^([=!<>~]=?=?|not\s+in|in)$/.test(operator)) return undefined
  state.at += 3
  const [leftValue, rightValue] = [quoted(left), quoted(right)]
  const plain = operator.replace(/\s+/g, ' ')
  if (leftValue === undefined && rightValue !== undefined) return compare(left, plain, rightValue, false)
  if (leftValue !== undefined && rightValue === undefined)
    return plain.endsWith('in')
      ? compare(right, plain, leftValue, true)
      : compare(right, turnedOperators.get(plain) ?? plain, leftValue, false)
  return undefined
}

function compare(name: string, operator: string, value: string, turned: boolean): Marker {
  const variable = aliases.get(name) ?? name
  const normal = variable === 'extra' ? normalizeName(value) : value
  return { kind: 'compare', variable, operator, value: normal, turned }
}

function quoted(text: string): string | undefined {
  return /^["']/.test(text) ? text.slice(1, -1) : undefined
}

/** A marker in one spelling. */
export function markerText(marker: Marker | null): string {
  if (marker === null) return ''
  if (marker.kind === 'python') return `python(${marker.range.map((clauses) => clauses.join(',')).join('|')})`
  if (marker.kind === 'compare') {
    const { variable, operator, value, turned } = marker
    return turned ? `"${value}" ${operator} ${variable}` : `${variable} ${operator} "${value}"`
  }
  const parts = [
    ...new Set(
      marker.parts.map((part) => (part.kind === 'compare' ? markerText(part) : `(${markerText(part)})`))
    )
  ]
  return parts.sort().join(` ${marker.kind} `)
}

/** Both hold; null holds always. */
export function bothMarkers(one: Marker | null, other: Marker | null): Marker | null {
  if (one === null || other === null) return one ?? other
  return { kind: 'and', parts: [one, other] }
}

/** One of them holds; null holds always. */
export function anyMarker(markers: readonly (Marker | null)[]): Marker | null {
  const parts = markers.filter((marker) => marker !== null)
  return parts.length < markers.length ? null : { kind: 'or', parts }
}

export function mentions(marker: Marker | null, variable: string): boolean {
  return comparisons(marker).some((part) => part.kind === 'compare' && part.variable === variable)
}

/** All comparisons of a marker. */
export function comparisons(marker: Marker | null): Exclude<Marker, { parts: unknown }>[] {
  if (marker === null) return []
  return marker.kind === 'and' || marker.kind === 'or' ? marker.parts.flatMap(comparisons) : [marker]
}

/** Values by variable; `python_version` follows from `python_full_version`. */
export type MarkerEnvironment = ReadonlyMap<string, string>

/** Whether a marker holds in an environment. What is no known variable is compared as text. */
export function holds(marker: Marker | null, environment: MarkerEnvironment): boolean {
  if (marker === null) return true
  if (marker.kind === 'and') return marker.parts.every((part) => holds(part, environment))
  if (marker.kind === 'or') return marker.parts.some((part) => holds(part, environment))
  if (marker.kind === 'python')
    return inRange(environment.get('python_full_version') ?? '', marker.range) === true
  const actual = environment.get(marker.variable) ?? ''
  const { operator, value, turned } = marker
  const [text, within] = turned ? [value, actual] : [actual, value]
  if (operator === 'in') return within.includes(text)
  if (operator === 'not in') return !within.includes(text)
  if (isVersion(marker.variable)) return inRange(actual, [[`${operator}${value}`]]) === true
  if (operator === '!=') return actual !== value
  return operator.startsWith('==') ? actual === value : environment.get(markerText(marker)) === 'yes'
}

export function isVersion(variable: string): boolean {
  return /^(python_version|python_full_version|implementation_version)$/.test(variable)
}
