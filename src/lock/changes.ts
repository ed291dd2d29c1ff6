import { explainGit, gitChanges } from './git/git-changes.ts'
import {
  isWheel,
  type ImageLock,
  type Lock,
  type PythonEnvironment,
  type PythonLock,
  type PythonPackage,
  type RootLock
} from '../documents/lock.ts'

/** A package of either kind, as far as a comparison needs it. */
interface Entry {
  name: string
  version: string
  sha256: string
  uploaded?: string | undefined
}

/**
 * What changed between two locks, a line each, empty if nothing did. Pure.
 *
 * @param previous null for a first lock
 * @param at the time that ages of new versions are told for, in seconds since 1970; without it their day is told, where it is known
 */
export function lockChanges(previous: Lock | null, next: Lock, at?: number): string[] {
  const lines: string[] = []
  for (const name of names(previous?.roots, next.roots))
    lines.push(...rootChanges(`root ${name}`, previous?.roots[name], next.roots[name], at))
  for (const name of names(previous?.python, next.python))
    lines.push(...pythonChanges(`python ${name}`, previous?.python[name], next.python[name], at))
  for (const name of names(previous?.images, next.images ?? {}))
    lines.push(...imageChanges(`image ${name}`, previous?.images?.[name], next.images?.[name], at))
  return [...lines, ...gitChanges(previous?.git, next.git)]
}

function imageChanges(
  title: string,
  previous: ImageLock | undefined,
  next: ImageLock | undefined,
  at: number | undefined
): string[] {
  if (next === undefined) return [`${title}: removed`]
  const platforms = Object.keys(next.platforms)
  if (previous === undefined) return [`${title}: new, ${next.digest}, ${platforms.join(', ')}`]
  const lines: string[] = []
  if (previous.digest !== next.digest)
    lines.push(`${title}: ${previous.digest} → ${next.digest}${ageOf({}, at)}`)
  for (const name of names(previous.platforms, next.platforms)) {
    const [before, after] = [previous.platforms[name], next.platforms[name]]
    if (before === undefined) lines.push(`${title}: + ${name}`)
    else if (after === undefined) lines.push(`${title}: - ${name}`)
    // The same index cannot lead to another manifest.
    else if (before.manifest.digest !== after.manifest.digest && previous.digest === next.digest)
      lines.push(
        `${title}: ${name} has OTHER BYTES: ${before.manifest.digest.slice(0, 19)}… → ${after.manifest.digest.slice(0, 19)}…`
      )
  }
  return lines
}

function names(
  previous: Readonly<Record<string, unknown>> | undefined,
  next: Readonly<Record<string, unknown>>
): string[] {
  return [...new Set([...Object.keys(previous ?? {}), ...Object.keys(next)])].sort()
}

function rootChanges(
  title: string,
  previous: RootLock | undefined,
  next: RootLock | undefined,
  at: number | undefined
): string[] {
  if (next === undefined) return [`${title}: removed`]
  if (previous === undefined)
    return [`${title}: new, ${next.suite} ${next.architecture}, ${next.packages.length} packages`]
  const lines: string[] = []
  if (previous.suite !== next.suite) lines.push(`${title}: suite ${previous.suite} → ${next.suite}`)
  if (previous.architecture !== next.architecture)
    lines.push(`${title}: architecture ${previous.architecture} → ${next.architecture}`)
  for (const index of next.indexes) {
    const before = previous.indexes.find((entry) => entry.suite === index.suite)
    if (before !== undefined && before.inRelease !== index.inRelease)
      lines.push(`${title}: index ${index.suite} of ${before.date} → ${index.date}`)
  }
  lines.push(...requestChanges(title, previous.requested, next.requested))
  lines.push(...packageChanges(title, previous.packages, next.packages, at))
  return lines
}

function pythonChanges(
  title: string,
  previous: PythonLock | undefined,
  next: PythonLock | undefined,
  at: number | undefined
): string[] {
  if (next === undefined) return [`${title}: removed`]
  if (previous === undefined)
    return [`${title}: new, Python ${next.interpreter}, ${next.packages.length} packages`]
  const lines: string[] = []
  if (previous.interpreter !== next.interpreter)
    lines.push(`${title}: Python ${previous.interpreter} → ${next.interpreter}`)
  lines.push(...environmentChanges(title, at, previous, next))
  for (const file of names(previous.sdists, next.sdists ?? {}))
    lines.push(
      ...environmentChanges(`${title}, to build ${file}`, at, previous.sdists?.[file], next.sdists?.[file])
    )
  return lines
}

function environmentChanges(
  title: string,
  at: number | undefined,
  previous: PythonEnvironment = { requested: [], packages: [] },
  next: PythonEnvironment = { requested: [], packages: [] }
): string[] {
  return [
    ...requestChanges(title, previous.requested, next.requested),
    ...packageChanges(title, previous.packages, next.packages, at)
  ]
}

function requestChanges(title: string, previous: readonly string[], next: readonly string[]): string[] {
  return [
    ...next.filter((item) => !previous.includes(item)).map((item) => `${title}: asks for ${item}`),
    ...previous.filter((item) => !next.includes(item)).map((item) => `${title}: no longer asks for ${item}`)
  ]
}

function packageChanges(
  title: string,
  previous: readonly Entry[],
  next: readonly Entry[],
  at: number | undefined
): string[] {
  const before = new Map(previous.map((entry) => [entry.name, entry]))
  const after = new Map(next.map((entry) => [entry.name, entry]))
  const lines: string[] = []
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const old = before.get(name)
    const now = after.get(name)
    if (now === undefined) lines.push(`${title}: - ${name} ${old?.version ?? ''}`)
    else if (old === undefined) lines.push(`${title}: + ${name} ${now.version}${ageOf(now, at)}`)
    else if (old.version !== now.version)
      lines.push(`${title}: ${name} ${old.version} → ${now.version}${ageOf(now, at)}`)
    // The same version with other bytes deserves a second look.
    else if (old.sha256 !== now.sha256)
      lines.push(
        `${title}: ${name} ${now.version} has OTHER BYTES: ${old.sha256.slice(0, 12)}… → ${now.sha256.slice(0, 12)}…`
      )
  }
  return lines
}

/** How long a version was there, at the time that is given: new ones are what attackers bring, and nobody has looked at them. */
function ageOf({ uploaded }: Pick<Entry, 'uploaded'>, at: number | undefined): string {
  const day = uploaded?.slice(0, 10)
  if (at === undefined) return day === undefined ? '' : `, of ${day}`
  if (uploaded === undefined) return ' (age not known)'
  const days = Math.floor((at - Date.parse(uploaded) / 1000) / 86_400)
  if (days < 0) return ` (of ${day ?? ''}, after the commit)`
  return ` (${days} ${days === 1 ? 'day' : 'days'} old)`
}

/** Who asked for what, a line for each package. Pure. */
export function explainLock(lock: Lock): string[] {
  const lines: string[] = []
  for (const [name, root] of Object.entries(lock.roots).sort(byName)) {
    lines.push(`root ${name}: ${root.suite} ${root.architecture}, ${root.packages.length} packages`)
    for (const index of root.indexes)
      lines.push(`  index ${index.suite}: ${index.origin}, ${index.date}, signature verified`)
    lines.push(`  asked for: ${root.requested.join(', ')}`)
    lines.push('  the rest: essential packages of the suite, and dependencies')
  }
  for (const [name, python] of Object.entries(lock.python).sort(byName)) {
    lines.push(`python ${name}: Python ${python.interpreter}, ${python.packages.length} packages`)
    lines.push(...python.packages.map(explainPackage))
    for (const [file, { packages }] of Object.entries(python.sdists ?? {}).sort(byName))
      lines.push(`  to build ${file}:`, ...packages.map((entry) => `  ${explainPackage(entry)}`))
  }
  lines.push(...explainGit(lock.git))
  for (const [name, { digest, platforms }] of Object.entries(lock.images ?? {}).sort(byName)) {
    lines.push(`image ${name}: ${digest}`)
    for (const [platform, { manifest, layers }] of Object.entries(platforms).sort(byName)) {
      const bytes = layers.reduce((sum, { size }) => sum + size, 0)
      const count = `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`
      lines.push(`  ${platform}: ${manifest.digest}, ${count}, ${(bytes / 1e6).toFixed(1)} MB`)
    }
  }
  return lines
}

function explainPackage(entry: PythonPackage): string {
  const kind = isWheel(entry) ? '' : ' (sdist, built in the sandbox)'
  return `  ${entry.name} ${entry.version}${kind}: asked for by ${entry.because.join(', ')}`
}

function byName([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1
}
