import type { Brief, BriefPart } from '../documents/brief.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import { code, text } from './markdown.ts'

/** An approver reads this much; the rest is in `brief.json`. */
const mostLines = 20

const titles: Record<BriefPart['class'], string> = {
  workflow: 'workflow files',
  config: 'configuration',
  lock: 'lock',
  waivers: 'waivers',
  pairs: 'declared pairs',
  'build-files': 'build files',
  opaque: 'opaque files',
  'read-set': 'read set'
}

/** The section of `summary.md` that an approver reads before the publish job. */
export function formatBrief(brief: Brief, sha256: Sha256): string {
  const digest = `\`brief.json\` ${code(sha256)}: publish prints the same digest.`
  if (brief.previous === null)
    return `## Since the last release\n\n⚠️ **Not compared**: ${text(brief.limits ?? 'not known')}. ${digest}`
  const limits = brief.limits === null ? [] : [`⚠️ ${text(brief.limits)}`]
  const same = brief.parts.filter((part) => part.changes.length === 0 && part.unknown === null)
  const parts = brief.parts.filter((part) => !same.includes(part)).map(formatPart)
  const unchanged = same.map((part) => titles[part.class]).join(', ')
  return [
    `## Since ${text(brief.previous.name)}`,
    ...limits,
    ...parts,
    ...(unchanged === '' ? [] : [`Unchanged: ${unchanged}.`]),
    digest
  ].join('\n\n')
}

function formatPart(part: BriefPart): string {
  const { changes, commits, unknown } = part
  const count = changes.length + part.moreChanges
  const head = `**${titles[part.class]}**${count === 0 ? '' : `: ${count}`}`
  const by = commits.map(
    ({ id, author, subject }) => `- by ${text(author)} in ${code(id.slice(0, 12))}: ${text(subject)}`
  )
  // A merge that takes one side as it is touches nothing itself.
  const nobody =
    count > 0 && commits.length === 0 && part.class !== 'read-set' ? ['- by no commit that was found'] : []
  return [
    head,
    '',
    ...(unknown === null ? [] : [`- ⚠️ not known: ${text(unknown)}`]),
    ...cut(
      changes.map((line) => `- ${text(line)}`),
      part.moreChanges
    ),
    ...cut(by, part.moreCommits),
    ...nobody
  ].join('\n')
}

function cut(lines: readonly string[], beyond: number): string[] {
  const more = Math.max(0, lines.length - mostLines) + beyond
  return [...lines.slice(0, mostLines), ...(more === 0 ? [] : [`- and ${more} more, in \`brief.json\``])]
}

/** One line for the log. */
export function briefLine(brief: Brief, sha256: Sha256): string {
  const changed = brief.parts.filter((part) => part.changes.length > 0).map((part) => titles[part.class])
  const unknown = brief.parts.filter((part) => part.unknown !== null).map((part) => titles[part.class])
  const said =
    brief.previous === null
      ? `not compared: ${brief.limits ?? 'not known'}`
      : `since ${brief.previous.name}: ${changed.length === 0 ? 'no change found' : `${changed.join(', ')} changed`}${unknown.length === 0 ? '' : `; not known: ${unknown.join(', ')}`}${brief.limits === null ? '' : ` (${brief.limits})`}`
  return `brief ${sha256}, ${said}`
}
