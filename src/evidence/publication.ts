import type { PublishedArtifact, PublishedName } from '../destinations/publication.ts'
import type { Release } from '../documents/release.ts'
import { printable } from '../platform/printable.ts'
import { code, table, text } from './markdown.ts'
import { artifactsTable } from './summary.ts'
import { verifyCommands } from './verify-commands.ts'

const columns = ['artifact', 'destination', 'found', 'written', 'read back'] as const

const nameColumns = ['name', 'destination', 'stood for', 'stands for', 'moved'] as const

/** What a run did, as the tables tell it. */
interface Done {
  artifacts: readonly PublishedArtifact[]
  names: readonly PublishedName[]
}

/** What a run did with each artifact at each destination, and with the names that move, for a terminal. */
export function formatPublication({ tag }: Pick<Release, 'tag'>, { artifacts, names }: Done): string {
  if (artifacts.length === 0)
    return `${printable(tag)}: no destination is configured, so nothing left this machine; local/ holds the packages.`
  return [
    ...aligned(columns, artifacts.map(rowOf)),
    '',
    ...(names.length === 0
      ? []
      : [
          ...aligned(
            nameColumns,
            names.map((one) => nameRowOf(one).map(short))
          ),
          ''
        ]),
    headline({ artifacts, names })
  ].join('\n')
}

function aligned(head: readonly string[], body: readonly string[][]): string[] {
  const rows = [head, ...body.map((row) => row.map(printable))]
  const widths = head.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  )
}

/** `publish.md`, the step summary of `publish`: the artifacts again, where they are now, and how to check them. */
export function formatPublished(release: Release, { artifacts, names }: Done): string {
  const cells = (row: string[]): string[] => row.map((cell, at) => (at === 0 ? code(cell) : text(cell)))
  const written =
    artifacts.length === 0
      ? ['No destination is configured: nothing left this machine.']
      : [
          text(headline({ artifacts, names })),
          table(
            columns,
            artifacts.map((one) => cells(rowOf(one)))
          ),
          ...(names.length === 0
            ? []
            : [
                table(
                  nameColumns,
                  names.map((one) => cells(nameRowOf(one)))
                )
              ])
        ]
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

function nameRowOf({ name, destination, address, before, outcome, readBack }: PublishedName): string[] {
  return [
    name,
    `${destination} (${address})`,
    before ?? 'nothing',
    readBack?.found ?? 'a newer release',
    moves[outcome]
  ]
}

/** In a terminal the beginning of a hash is enough: the receipt has it whole. */
function short(cell: string): string {
  return cell.replace(/^((?:sha256:)?[0-9a-f]{12})[0-9a-f]{52}$/, '$1…')
}

const moves: Readonly<Record<PublishedName['outcome'], string>> = {
  no: 'no, stood there already',
  moved: 'yes',
  there: 'yes, by an earlier attempt',
  ahead: 'no: a newer release has it'
}

function headline({ artifacts, names }: Done): string {
  const sent = artifacts.filter(({ written }) => written !== 'no').length
  const late = artifacts.some(({ readBack }) => readBack.checks.some(({ result }) => result === 'late'))
  const what =
    sent === 0
      ? 'Everything was there already, with the same bytes: nothing was written.'
      : `${sent} of ${artifacts.length} written; the others were there already, with the same bytes.`
  const moved = names.filter(({ outcome }) => outcome === 'moved' || outcome === 'there').length
  return [
    sent === artifacts.length ? 'All written.' : what,
    ...(moved === 0 ? [] : [`${moved} of ${names.length} names moved.`]),
    'Every file was read back and is what was proven.',
    ...(late ? ['What is late is hidden by a cache, and will show.'] : [])
  ].join(' ')
}
