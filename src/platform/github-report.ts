import type { Finding, Proof } from '../documents/proof.ts'
import type { Release, ReleaseArtifact } from '../documents/release.ts'
import { TagproofError } from './errors.ts'

/** The runner refuses a step summary of more than 1 MiB and drops it whole (FileCommandManager.cs). */
export const summaryLimitBytes = 1024 * 1024
/** No fence of ours is longer. */
const longestFence = 64
/** The runner shows 10 annotations of a kind for the whole composite; the failure itself is one of them. */
export const annotationLimit = 9
/** The runner cuts a message at 4096 characters; a reader stops long before. */
const annotationLength = 1000

/** What a step tells later steps, by the names in `action.yml`. */
export type ActionOutputs = Partial<
  Record<'handover' | 'version' | 'verdict' | 'digest' | 'artifacts' | 'image' | 'matrix' | 'receipt', string>
>

export interface Annotation {
  severity: 'error' | 'warning'
  title: string
  message: string
}

/** Outputs of the stages that have a record. `digest` is the SHA-256 of `release.json`. */
export function releaseOutputs(release: Release, digest: string): ActionOutputs {
  return {
    version: release.version ?? '',
    verdict: release.verdict,
    digest,
    artifacts: JSON.stringify(release.artifacts.map(shortArtifact)),
    image: onlyImage(release.artifacts)
  }
}

/** `name@sha256:…`; empty where there is no image, or more than one. */
function onlyImage(artifacts: readonly ReleaseArtifact[]): string {
  const [image, another] = artifacts.flatMap((artifact) => artifact.image ?? [])
  return image === undefined || another !== undefined ? '' : `${image.repository}@${image.digest}`
}

function shortArtifact(
  artifact: ReleaseArtifact
): Pick<ReleaseArtifact, 'target' | 'kind' | 'name' | 'version' | 'size' | 'sha256'> {
  const { target, kind, name, version, size, sha256 } = artifact
  return { target, kind, name, version, size, sha256 }
}

/** The few findings that are worth an annotation: refusals first, then warnings, never more than the limit. */
export function findingAnnotations(findings: readonly Finding[]): Annotation[] {
  const of = (severity: Finding['severity']): Finding[] =>
    findings.filter((finding) => finding.severity === severity)
  const chosen = [...of('refuse'), ...of('warn')]
  return chosen.slice(0, annotationLimit).map((finding) => ({
    severity: finding.severity === 'refuse' ? 'error' : 'warning',
    title: `${finding.check}: ${finding.code}`,
    message: shorten(annotationText(finding), annotationLength)
  }))
}

function annotationText({ artifact, member, message, fix }: Finding): string {
  const told = member !== null && message.startsWith(member)
  const where = [artifact, told ? null : member].filter((part) => part !== null).join(': ')
  return `${where === '' ? '' : `${where}: `}${message}${fix === null ? '' : ` Fix: ${fix}`}`
}

/** The refusal that a proof amounts to: how many findings, the first of them, and its remedy. */
export function refusal(proof: Pick<Proof, 'tag' | 'findings'>): TagproofError {
  const refusals = proof.findings.filter((finding) => finding.severity === 'refuse')
  const [first] = refusals
  const count = refusals.length === 1 ? 'one finding' : `${refusals.length} findings`
  const where =
    first === undefined ? '' : [first.artifact, first.member].filter((part) => part !== null).join(': ')
  return new TagproofError('release-refused', `The release ${proof.tag.name} is refused for ${count}.`, {
    ...(where === '' ? {} : { where }),
    ...(first === undefined ? {} : { found: first.message }),
    fix: first?.fix ?? 'Read the findings in the summary and in proof.json.'
  })
}

/** One sentence and the next step, for the step's failure. */
export function failureSentence(error: TagproofError): string {
  const { where, fix } = error.detail
  const place = where === undefined ? '' : ` (${where})`
  return shorten(
    `${error.code}: ${error.message}${place}${fix === undefined ? '' : ` Fix: ${fix}`}`,
    annotationLength
  )
}

/** The summary of a step that ended before it had a record. */
export function failureSummary(stage: string, error: TagproofError): string {
  const { found, expected, where, output, fix } = error.detail
  const rows = [
    ['where', where],
    ['found', found],
    ['expected', expected],
    ['fix', fix]
  ].filter((row): row is [string, string] => row[1] !== undefined)
  return [
    `## Tagproof: ${stage} stopped`,
    '',
    `**${error.code}**: ${inline(error.message)}`,
    '',
    ...rows.map(([name, value]) => `- ${name}: ${inline(value)}`),
    ...(output === undefined || output.trim() === '' ? [] : ['', ...fenced(output)]),
    ''
  ].join('\n')
}

/**
 * Cuts a summary between lines so that it fits with a line that says how much is missing, and where all of it is; fences
 * that were open are closed.
 *
 * @param whole where all of it is, as Markdown
 */
export function fitSummary(markdown: string, whole: string, limit: number = summaryLimitBytes): string {
  if (Buffer.byteLength(markdown) <= limit) return markdown
  const lines = markdown.split('\n')
  const notice = (cut: number): string =>
    `\n\n_Cut here: the last ${cut} of ${lines.length} lines are not shown (a step summary has ${limit} bytes at most). The whole text is in ${whole}._\n`
  const room = limit - Buffer.byteLength(notice(lines.length)) - longestFence - 1
  const kept: string[] = []
  let size = 0
  for (const line of lines) {
    size += Buffer.byteLength(line) + 1
    if (size > room) break
    kept.push(line)
  }
  return `${kept.join('\n')}${closingFence(kept)}${notice(lines.length - kept.length)}`
}

/** What ends the code block that the last line lies in, if it lies in one. */
function closingFence(lines: readonly string[]): string {
  let open = ''
  for (const line of lines) {
    const fence = /^ {0,3}(`{3,})/.exec(line)?.[1] ?? ''
    if (open === '') open = fence
    else if (fence.length >= open.length) open = ''
  }
  return open === '' ? '' : `\n${open.slice(0, longestFence)}`
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

/** Foreign text as one line of Markdown that cannot become a heading, link, image or HTML. */
function inline(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|#~!]/g, '\\$&')
}

function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length))
  const fence = '`'.repeat(longest + 1)
  return [fence, text.trimEnd(), fence]
}
