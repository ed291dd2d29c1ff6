import { comparisons, holds, markerText, type Marker, type MarkerEnvironment } from './marker.ts'
import { inRange, type VersionRange } from './specifiers.ts'

/** Environments that are tried at most; markers that need more are compared by their spelling alone. */
const mostEnvironments = 20_000
const newestMinor = 20

/**
 * Whether two markers hold in the same environments, of those whose Python is in the given range: backends rewrite
 * markers, and leave out what the project's own range of Python implies.
 */
export function sameMarker(one: Marker | null, other: Marker | null, python: VersionRange): boolean {
  if (markerText(one) === markerText(other)) return true
  const environments = environmentsFor([...comparisons(one), ...comparisons(other)], python)
  if (environments === undefined) return false
  return environments.every((environment) => holds(one, environment) === holds(other, environment))
}

type Comparison = ReturnType<typeof comparisons>[number]

function environmentsFor(
  parts: readonly Comparison[],
  python: VersionRange
): MarkerEnvironment[] | undefined {
  let environments: Map<string, string>[] = pythonSamples(parts, python).map(
    (full) =>
      new Map([
        ['python_full_version', full],
        ['python_version', full.split('.').slice(0, 2).join('.')],
        ['implementation_version', full]
      ])
  )
  for (const [variable, values] of choices(parts)) {
    if (environments.length * values.size > mostEnvironments) return undefined
    environments = environments.flatMap((environment) =>
      [...values].map((value) => new Map([...environment, [variable, value]]))
    )
  }
  return environments
}

/** Values that can make a difference, by variable; what is neither equality nor containment is a question of its own. */
function choices(parts: readonly Comparison[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const add = (variable: string, values: readonly string[]): void => {
    const known = found.get(variable) ?? new Set(['other'])
    for (const value of values) known.add(value)
    found.set(variable, known)
  }
  for (const part of parts) {
    if (part.kind === 'python' || /^(python_|implementation_version)/.test(part.variable)) continue
    if (/^[<>~]/.test(part.operator)) add(markerText(part), ['yes'])
    else
      add(
        part.variable,
        part.operator.endsWith('in') ? [part.value, ...part.value.split(/[\s,]+/)] : [part.value]
      )
  }
  return found
}

function pythonSamples(parts: readonly Comparison[], python: VersionRange): string[] {
  const minors = ['2.6', '2.7', ...Array.from({ length: newestMinor + 1 }, (_, minor) => `3.${minor}`), '4.0']
  const samples = new Set(minors.flatMap((minor) => [`${minor}.0`, `${minor}.3`, `${minor}.99`]))
  const texts = parts.flatMap((part) => (part.kind === 'python' ? part.range.flat() : [part.value]))
  for (const [full, start, last] of texts.flatMap((text) => [...text.matchAll(/(\d+\.\d+\.)(\d+)/g)])) {
    samples.add(full)
    samples.add(`${start}${Number(last) + 1}`)
    samples.add(`${start}${Math.max(0, Number(last) - 1)}`)
  }
  const allowed = [...samples].filter((sample) => inRange(sample, python) !== false)
  return allowed.length > 0 ? allowed : [...samples]
}
