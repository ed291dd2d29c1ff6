import type { Finding } from '../documents/proof.ts'

/** Findings that say the same of several members. The first one speaks for all. */
export interface FindingGroup {
  first: Finding
  /** Members of the others, or what they say of the whole artifact, in the order found. */
  others: string[]
}

const severities: readonly Finding['severity'][] = ['refuse', 'warn', 'note']

/**
 * Which check comes first where several refuse: a wrong source or a broken container explains what follows,
 * and a member that differs explains one that cannot be traced.
 */
const checks: readonly Finding['check'][] = [
  'source',
  'container',
  'reproduced',
  'uninfluenced',
  'traced',
  'policy',
  'complete',
  'try'
]

/** Findings as a reader wants them: the most important first, the same ones together. */
export function groupFindings(findings: readonly Finding[]): FindingGroup[] {
  const groups = new Map<string, FindingGroup>()
  for (const finding of findings) {
    const key = JSON.stringify([
      finding.severity,
      finding.check,
      finding.code,
      finding.artifact,
      finding.waiver
    ])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { first: finding, others: [] })
    else group.others.push(finding.member ?? finding.message)
  }
  return [...groups.values()].sort((left, right) => rank(left.first) - rank(right.first))
}

/** A note in one line: what was found, how often, and the beginning of the first message. */
export interface NoteLine {
  name: string
  count: number
  text: string
}

const longestNote = 140

/** Notes of one kind together, whatever the artifact: `tagproof explain` and `proof.json` have all of them. */
export function noteLines(findings: readonly Finding[]): NoteLine[] {
  const kinds = new Map<string, Finding[]>()
  for (const finding of findings.filter(({ severity }) => severity === 'note')) {
    const name = `${finding.waiver === null ? '' : 'waived '}${finding.check}: ${finding.code}`
    kinds.set(name, [...(kinds.get(name) ?? []), finding])
  }
  return [...kinds].map(([name, [first, ...others]]) => {
    const place = first === undefined ? undefined : placeOf(first)
    const said = first?.waiver ?? first?.message ?? ''
    return {
      name,
      count: others.length + 1,
      text: shortened(place === undefined ? said : `${place}: ${said}`)
    }
  })
}

function shortened(text: string): string {
  return text.length <= longestNote ? text : `${text.slice(0, longestNote - 1).trimEnd()}…`
}

/** How many findings stop the release. */
export function countRefusals(findings: readonly Finding[]): number {
  return findings.filter((finding) => finding.severity === 'refuse').length
}

/** Smaller is more important: refusals first, then by check. */
export function rank(finding: Finding): number {
  return severities.indexOf(finding.severity) * checks.length + checks.indexOf(finding.check)
}

/** `artifact: member`, `artifact`, or undefined for a finding about the release. */
export function placeOf(finding: Pick<Finding, 'artifact' | 'member'>): string | undefined {
  if (finding.artifact === null) return finding.member ?? undefined
  return finding.member === null ? finding.artifact : `${finding.artifact}: ${finding.member}`
}
