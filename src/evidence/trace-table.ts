import { originNames, type OriginName } from '../documents/origins.ts'
import type { Trace, TracedFile } from '../documents/trace.ts'
import { printable } from '../platform/printable.ts'
import { groupFindings } from './findings.ts'
import { findingLines, sizeText } from './table.ts'

/** What each origin means, for people. */
const originTexts: Readonly<Record<OriginName, string>> = {
  blob: 'a file of the tag at its own path',
  link: 'a file of the tag, through a link of the tree',
  moved: 'a file of the tag at another path',
  dependency: 'a file of a locked dependency',
  generator: 'derived again from the tag',
  compiled: 'compiled, trusted to the sandbox',
  declared: 'declared as generated',
  untraced: 'NOT of the tag'
}
const mostFolders = 12

/** What `tagproof trace` shows: for each file its members by origin, what is untraced, and what of the tag is absent. */
export function formatTrace(trace: Trace): string {
  const { tag, version, files, verdict } = trace
  const head = `${printable(tag.name)}  commit ${tag.commit.slice(0, 12)}  version ${printable(version ?? 'unknown: no tag')}`
  const refused = files.filter(({ findings }) => findings.some(({ severity }) => severity === 'refuse'))
  const end =
    verdict === 'traced'
      ? 'traced: every member comes from the tag'
      : `refused: ${refused.map(({ name }) => printable(name)).join(', ')}`
  return [head, ...files.map(fileText), end].join('\n\n')
}

function fileText(file: TracedFile): string {
  const { name, kind, size, sha256, members, findings } = file
  const counts = originNames.flatMap((origin) => {
    const count = members.filter((member) => member.origin === origin).length
    return count === 0 ? [] : [[String(count), origin, originTexts[origin]] as const]
  })
  const widths = [0, 1].map((column) => Math.max(0, ...counts.map((row) => row[column]?.length ?? 0)))
  const lines = counts.map(
    ([count, origin, text]) =>
      `  ${count.padStart(widths[0] ?? 0)}  ${origin.padEnd(widths[1] ?? 0)}  ${text}`
  )
  return [
    `${printable(name)}  ${kind}, ${sizeText(size)}, ${members.length} members\n  sha256 ${sha256}`,
    lines.join('\n'),
    rulesText(file),
    absentText(file),
    ...groupFindings(findings).map(findingLines)
  ]
    .filter((part) => part !== '')
    .join('\n')
}

/** Which generators made what: their names, with a count where it is more than one. */
function rulesText({ members }: TracedFile): string {
  const counts = new Map<string, number>()
  for (const { rule, origin } of members)
    if (rule !== null && origin !== 'untraced') counts.set(rule, (counts.get(rule) ?? 0) + 1)
  const named = [...counts].map(([rule, count]) => (count === 1 ? rule : `${rule} ×${count}`))
  return named.length === 0 ? '' : `  generators: ${named.join(', ')}`
}

/** A wheel leaves much out by right; what an sdist leaves out is worth a look. */
function absentText({ absent, kind }: TracedFile): string {
  if (absent.length === 0) return kind === 'sdist' ? '  of the tag, nothing is absent' : ''
  const folders = new Map<string, number>()
  for (const path of absent) {
    const cut = path.indexOf('/')
    const place = cut < 0 ? path : `${path.slice(0, cut)}/`
    folders.set(place, (folders.get(place) ?? 0) + 1)
  }
  const named = [...folders]
    .sort(([, one], [, other]) => other - one)
    .slice(0, mostFolders)
    .map(([place, count]) => (place.endsWith('/') ? `${printable(place)} ${count}` : printable(place)))
  const more = folders.size > named.length ? `, and ${folders.size - named.length} more places` : ''
  return `  absent: ${absent.length} files of the tag: ${named.join(', ')}${more}`
}
