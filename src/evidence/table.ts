import type { Proof } from '../documents/proof.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import { printable } from '../platform/printable.ts'
import {
  countRefusals,
  groupFindings,
  noteLines,
  placeOf,
  type FindingGroup,
  type NoteLine
} from './findings.ts'
import { publishObstacles } from './trust.ts'

/**
 * What a terminal shows at the end: the artifacts with size, SHA-256 and whether both worlds made them alike,
 * or what stopped the release. No line depends on the width of the terminal, so that logs can be compared.
 */
export function formatTable(proof: Proof): string {
  const head = `${printable(proof.tag.name)}  commit ${proof.tag.commit.slice(0, 12)}  version ${printable(proof.version ?? 'unknown: no tag')}`
  const parts = [head]
  if (proof.artifacts.length > 0) parts.push(artifactTable(proof.artifacts))
  parts.push(...groupFindings(proof.findings.filter(({ severity }) => severity !== 'note')).map(findingLines))
  const notes = noteLines(proof.findings)
  if (notes.length > 0) parts.push(['notes (tagproof explain tells more)', ...notes.map(noteText)].join('\n'))
  if (proof.verdict === 'refused')
    parts.push(
      `refused: ${count(countRefusals(proof.findings), 'finding')} to mend; nothing may be published`
    )
  else
    parts.push(
      [
        proof.verdict === 'traced'
          ? `traced, not proven: ${onceText(proof.artifacts)}`
          : `proven: both worlds${adoptedText(proof.artifacts)} made the same bytes${allTraced(proof.artifacts) ? ', and every member comes from the tag' : ''}`,
        ...publishObstacles(proof).map((line) => `  to publish: ${line}`)
      ].join('\n')
    )
  return parts.join('\n\n')
}

/** Artifact, size, SHA-256, whether both worlds made it alike, and how many members have an origin. */
export function artifactTable(artifacts: readonly ReleaseArtifact[]): string {
  const rows = [
    ['artifact', 'size', 'sha256', 'a = b', 'traced'],
    ...artifacts.map((artifact) => [
      printable(artifact.name),
      sizeText(artifact.size),
      artifact.sha256,
      sameText(artifact),
      tracedText(artifact)
    ])
  ]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 1 ? cell.padStart(widths[1] ?? 0) : cell.padEnd(widths[column] ?? 0)
        )
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

/** How many members have an origin: `1796/1796`. */
export function tracedText({ members, traced }: Pick<ReleaseArtifact, 'members' | 'traced'>): string {
  return `${traced ?? 'none'}/${members}`
}

/** False where a waiver lets a member pass that has no origin. */
export function allTraced(artifacts: readonly ReleaseArtifact[]): boolean {
  return artifacts.every(({ members, traced }) => members === traced)
}

/** Of an adopted wheel, what agrees: two sets; `one set` where it was compared with nothing. */
function sameText(artifact: ReleaseArtifact): string {
  if (artifact.adopted?.sets === 1) return 'one set'
  if (!sameInBoth(artifact)) return 'NO'
  return artifact.adopted === undefined ? 'yes' : 'two sets'
}

/** Who made what was not built here; empty where all was. */
export function adoptedText(artifacts: readonly ReleaseArtifact[]): string {
  return artifacts.some(({ adopted }) => adopted !== undefined)
    ? ', and of adopted wheels two other jobs,'
    : ''
}

/** What makes a release weaker than a proven one. */
export function onceText(artifacts: readonly ReleaseArtifact[]): string {
  const once = artifacts.filter(({ adopted }) => adopted?.sets === 1).length
  return `${once} of ${artifacts.length} artifacts ${once === 1 ? 'was' : 'were'} built once, by another job, and compared with nothing`
}

/** Whether each world's artifact, originals put back, has the hash of the one to publish. */
export function sameInBoth(artifact: Pick<ReleaseArtifact, 'sha256' | 'built'>): boolean {
  return artifact.built.a === artifact.sha256 && artifact.built.b === artifact.sha256
}

export function findingLines({ first, others }: FindingGroup): string {
  const mark = { refuse: '✗', warn: '!', note: '-' }[first.severity]
  const place = placeOf(first)
  const lines = [
    `${mark} ${first.check}: ${first.code}${place === undefined ? '' : `  ${printable(place)}`}`,
    `    ${printable(first.message)}`
  ]
  if (others.length > 0)
    lines.push(
      `    and ${others.length} more: ${others.slice(0, 3).map(printable).join(', ')}${others.length > 3 ? ', ...' : ''}`
    )
  if (first.cause !== null) lines.push(`    why  ${printable(first.cause)}`)
  if (first.fix !== null) lines.push(`    fix  ${printable(first.fix)}`)
  if (first.waiver !== null) lines.push(`    waived: ${printable(first.waiver)}`)
  return lines.join('\n')
}

function noteText({ name, count: times, text }: NoteLine): string {
  return `- ${name}${times === 1 ? '' : ` ×${times}`}  ${printable(text)}`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Bytes for people: `512 B`, `4.1 KiB`, `12.3 MiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const units = ['KiB', 'MiB', 'GiB']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value.toFixed(1)} ${units[unit] ?? ''}`
}
