import type { Brief } from '../documents/brief.ts'
import type { Finding, Proof } from '../documents/proof.ts'
import type { Release } from '../documents/release.ts'
import { localPlace } from '../destinations/local-places.ts'
import { formatBrief } from './brief.ts'
import { countRefusals, groupFindings, noteLines, placeOf, type FindingGroup } from './findings.ts'
import { code, table, text } from './markdown.ts'
import { allTraced, onceText, sameInBoth, sizeText, tracedText } from './table.ts'
import { publishObstacles } from './trust.ts'
import { verifyCommands } from './verify-commands.ts'

/** A refusal is read from its top; whoever wants all of it has `proof.json`. */
const mostGroups = 10
const mostOthers = 5

/**
 * `summary.md`: one screen for a clean release; for a refused one what, where, why and how to mend it, the most
 * important first. The same text is the job summary.
 */
export function formatSummary(proof: Proof, release: Release, brief: Brief): string {
  const parts = proof.verdict === 'refused' ? refused(proof) : proven(proof, release)
  parts.push(formatBrief(brief, proof.brief))
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function proven(proof: Proof, release: Release): string[] {
  return [
    proof.verdict === 'traced'
      ? `# ⚠️ ${text(proof.tag.name)}: traced, not proven`
      : `# ✅ ${text(proof.tag.name)}: proven`,
    `Version ${text(proof.version ?? 'unknown: no tag')}, commit ${code(proof.tag.commit)}. ${claim(release)}`,
    artifactsTable(release),
    worldsLine(proof),
    obstacles(proof),
    findingList(proof.findings),
    verifyCommands(release.tag, release.artifacts)
  ]
}

/** What a release that is not refused says of itself; no more than was looked at. */
function claim({ artifacts }: Pick<Release, 'artifacts'>): string {
  const traced = allTraced(artifacts) ? ', and every member comes from it' : ''
  if (artifacts.every(({ adopted }) => adopted === undefined))
    return `Both worlds made the same bytes from the tag alone${traced}.`
  const others = artifacts.filter(({ adopted }) => adopted !== undefined)
  const once = others.some(({ adopted }) => adopted?.sets === 1) ? ` ${onceText(artifacts)}.` : ''
  return `Both worlds made the same bytes from the tag alone${traced}, but for ${others.length} adopted ${others.length === 1 ? 'wheel' : 'wheels'} that other jobs built.${once}`
}

function sameMark(artifact: Release['artifacts'][number]): string {
  if (artifact.adopted?.sets === 1) return '⚠️ one set'
  if (!sameInBoth(artifact)) return '❌'
  return artifact.adopted === undefined ? '✅' : '✅ two sets'
}

/** Artifact, SHA-256, whether both worlds made it alike, how many members have an origin, and where it goes. */
export function artifactsTable({ artifacts, version }: Pick<Release, 'artifacts' | 'version'>): string {
  return table(
    ['artifact', 'size', 'sha256', 'a = b', 'traced', 'packing', 'destination'],
    artifacts.map((artifact) => [
      code(artifact.name),
      sizeText(artifact.size),
      code(artifact.sha256),
      sameMark(artifact),
      tracedText(artifact),
      artifact.packing,
      code(localPlace(artifact, version))
    ])
  )
}

function refused(proof: Proof): string[] {
  const refusals = countRefusals(proof.findings)
  return [
    `# ❌ ${text(proof.tag.name)}: refused`,
    `${refusals} ${refusals === 1 ? 'finding has' : 'findings have'} to be mended first. Nothing may be published; both builds are kept. Version ${text(proof.version ?? 'unknown: no tag')}, commit ${code(proof.tag.commit)}.`,
    findingList(proof.findings),
    obstacles(proof),
    worldsLine(proof)
  ]
}

function findingList(findings: readonly Finding[]): string {
  const groups = groupFindings(findings.filter(({ severity }) => severity !== 'note'))
  const shown = groups.slice(0, mostGroups).map(findingSection)
  if (groups.length > mostGroups)
    shown.push(`${groups.length - mostGroups} more kinds of findings are in \`proof.json\`.`)
  return [...shown, noteList(findings)].filter((part) => part !== '').join('\n\n')
}

function noteList(findings: readonly Finding[]): string {
  const lines = noteLines(findings).map(
    ({ name, count, text: said }) => `- ${text(name)}${count === 1 ? '' : ` ×${count}`}: ${text(said)}`
  )
  if (lines.length === 0) return ''
  return ['<details><summary>Notes</summary>', '', ...lines, '', '</details>'].join('\n')
}

function findingSection({ first, others }: FindingGroup): string {
  const mark = { refuse: '❌', warn: '⚠️', note: 'ℹ️' }[first.severity]
  const place = placeOf(first)
  const lines = [`- ${mark} **${first.check}: ${text(first.code)}** ${text(first.message)}`]
  if (place !== undefined) lines.push(`  - where: ${code(place)}${othersText(others)}`)
  if (first.cause !== null) lines.push(`  - why: ${text(first.cause)}`)
  if (first.fix !== null) lines.push(`  - fix: ${text(first.fix)}`)
  if (first.waiver !== null) lines.push(`  - waived: ${text(first.waiver)}`)
  return lines.join('\n')
}

function othersText(others: readonly string[]): string {
  if (others.length === 0) return ''
  const named = others.slice(0, mostOthers).map(code).join(', ')
  return ` and ${others.length} more: ${named}${others.length > mostOthers ? ', …' : ''}`
}

function obstacles(proof: Proof): string {
  return publishObstacles(proof)
    .map((line) => `- ⚠️ Not to be published as it is: ${text(line)}`)
    .join('\n')
}

/** What world b varied, and what it could not; equal for most targets, so said once where it is. */
function worldsLine(proof: Proof): string {
  const lines = proof.variations
    .filter(({ world }) => world === 'b')
    .map(({ target, variations }) => {
      const applied = variations.filter((variation) => variation.applied).map((variation) => variation.name)
      const missing = variations.filter((variation) => !variation.applied)
      const not = missing.map((variation) => `${variation.name} (${text(variation.reason)})`).join(', ')
      return `World b of ${code(target)} differed in ${applied.join(', ')}${not === '' ? '' : `; **not** in ${not}`}.`
    })
  const jobs = proof.trust.singleJob
    ? ['Both worlds ran in one job: weaker separation than two runners.']
    : []
  return [...lines, ...jobs].join('  \n')
}
