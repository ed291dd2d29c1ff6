import type { PublishedArtifact } from '../destinations/publication.ts'
import type { Release } from '../documents/release.ts'
import { printable } from '../platform/printable.ts'
import { code, table, text } from './markdown.ts'
import { artifactsTable } from './summary.ts'
import { verifyCommands } from './verify-commands.ts'

const columns = ['artifact', 'destination', 'found', 'written', 'read back'] as const

/** What a run did with each artifact at each destination, for a terminal. */
export function formatPublication(
  { tag }: Pick<Release, 'tag'>,
  artifacts: readonly PublishedArtifact[]
): string {
  if (artifacts.length === 0)
    return `${printable(tag)}: no destination is configured, so nothing left this machine; local/ holds the packages.`
  const rows = [columns, ...artifacts.map((one) => rowOf(one).map(printable))]
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return [
    ...rows.map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd()
    ),
    '',
    headline(artifacts)
  ].join('\n')
}

/** `publish.md`, the step summary of `publish`: the artifacts again, where they are now, and how to check them. */
export function formatPublished(release: Release, artifacts: readonly PublishedArtifact[]): string {
  const rows = artifacts.map((one) => rowOf(one).map((cell, at) => (at === 0 ? code(cell) : text(cell))))
  const written =
    rows.length === 0
      ? ['No destination is configured: nothing left this machine.']
      : [text(headline(artifacts)), table(columns, rows)]
  const parts = [
    `# ✅ ${text(release.tag)}: published${release.verdict === 'traced' ? ' (traced, not proven)' : ''}`,
    `Version ${text(release.version ?? 'unknown: no tag')}, commit ${code(release.commit)}. Each package was hashed again before.`,
    ...written,
    artifactsTable(release),
    verifyCommands(release.tag, release.artifacts)
  ]
  return `${parts.join('\n\n')}\n`
}

function rowOf({ artifact, destination, address, found, written, readBack }: PublishedArtifact): string[] {
  const checks = readBack.checks.map(({ what, result }) => `${what} ${result}`)
  return [
    artifact,
    `${destination} (${address})`,
    found,
    written === 'there' ? 'yes, by an earlier attempt' : written === 'sent' ? 'yes' : 'no',
    checks.join(', ')
  ]
}

function headline(artifacts: readonly PublishedArtifact[]): string {
  const sent = artifacts.filter(({ written }) => written !== 'no').length
  const late = artifacts.some(({ readBack }) => readBack.checks.some(({ result }) => result === 'late'))
  const what =
    sent === 0
      ? 'Everything was there already, with the same bytes: nothing was written.'
      : `${sent} of ${artifacts.length} written; the others were there already, with the same bytes.`
  return `${sent === artifacts.length ? 'All written.' : what} Every file was read back and is what was proven.${late ? ' What is late is hidden by a cache, and will show.' : ''}`
}
