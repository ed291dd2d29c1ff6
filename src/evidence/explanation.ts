import type { Finding, Proof } from '../documents/proof.ts'
import { printable } from '../platform/printable.ts'
import { countRefusals, placeOf, rank } from './findings.ts'
import { adoptedText, allTraced, artifactTable, onceText } from './table.ts'
import { publishObstacles } from './trust.ts'

export interface ExplanationOptions {
  /** Every finding by itself and every variation; otherwise findings with one cause and one fix are told together. */
  all?: boolean
  /** Columns at which sentences are wrapped. */
  width?: number
}

const marks = { refuse: '✗', warn: '!', note: '-' } as const
const mostPlaces = 5
const indent = '  '

/**
 * A proof for people: the verdict and what it is about, the artifacts, then the findings, most important first, each
 * with what, where, why and fix; last, what world b did not vary and what keeps a release from being published.
 */
export function formatExplanation(proof: Proof, options: ExplanationOptions = {}): string {
  const { all = false, width = 100 } = options
  return [
    verdictText(proof),
    ...(proof.artifacts.length > 0 ? [artifactTable(proof.artifacts)] : []),
    ...grouped(proof.findings, all).map((group) => groupText(group, all, width)),
    ...variationTexts(proof, all),
    ...publishObstacles(proof).map((line) => wrapped('To publish: ', line, width))
  ].join('\n\n')
}

function verdictText(proof: Proof): string {
  const { tag, version, verdict, findings, artifacts } = proof
  const count = (severity: Finding['severity']): number =>
    findings.filter((finding) => finding.severity === severity).length
  const counts = [
    [countRefusals(findings), 'refusal'],
    [count('warn'), 'warning'],
    [count('note'), 'note']
  ] as const
  const told = counts.flatMap(([number, noun]) =>
    number === 0 ? [] : [`${number} ${noun}${number === 1 ? '' : 's'}`]
  )
  const said =
    verdict === 'proven'
      ? `PROVEN: both worlds${adoptedText(artifacts)} made the same bytes${allTraced(artifacts) ? ', and every member has an origin' : ''}`
      : verdict === 'traced'
        ? `TRACED, NOT PROVEN: ${onceText(artifacts)}`
        : 'REFUSED: nothing may be published'
  return [
    `${printable(tag.name)}  version ${printable(version ?? 'unknown: no tag')}  commit ${tag.commit}`,
    `${said}${told.length === 0 ? '' : ` (${told.join(', ')})`}`
  ].join('\n')
}

/** Findings that one remedy mends, most important first; the order of the proof otherwise. */
function grouped(findings: readonly Finding[], all: boolean): Finding[][] {
  const groups = new Map<string, Finding[]>()
  findings.forEach((finding, index) => {
    const { severity, check, code, cause, fix, waiver } = finding
    const key = JSON.stringify([severity, check, code, cause, fix, waiver, all ? index : ''])
    groups.set(key, [...(groups.get(key) ?? []), finding])
  })
  const importance = (group: Finding[]): number => Math.min(...group.map(rank))
  return [...groups.values()].sort((one, other) => importance(one) - importance(other))
}

function groupText(group: Finding[], all: boolean, width: number): string {
  const [first, ...others] = group
  if (first === undefined) return ''
  const { severity, check, code, message, cause, fix, waiver } = first
  const shown = all ? others : others.slice(0, mostPlaces)
  const places = [first, ...shown].map((finding) => placeOf(finding)).filter((place) => place !== undefined)
  const rest = others.length - shown.length
  const more = others.length === 0 ? '' : `  (${group.length} findings)`
  const lines = [
    `${marks[severity]} ${check}: ${code}${more}`,
    wrapped(`${indent}what   `, message, width),
    ...places.map((place, at) => `${indent}${at === 0 ? 'where  ' : '       '}${printable(place)}`),
    ...(rest > 0 ? [`${indent}       and ${rest} more (--all shows them)`] : []),
    ...(cause === null ? [] : [wrapped(`${indent}why    `, cause, width)]),
    ...(fix === null ? [] : [wrapped(`${indent}fix    `, fix, width)]),
    ...(waiver === null ? [] : [wrapped(`${indent}waived `, waiver, width)])
  ]
  return lines.join('\n')
}

function variationTexts(proof: Proof, all: boolean): string[] {
  return proof.variations
    .filter(({ world }) => world === 'b')
    .flatMap(({ target, variations }) => {
      const shown = variations.filter(({ applied }) => all || !applied)
      if (shown.length === 0) return []
      const head = all ? `World b of ${target}:` : `World b of ${target} did not vary:`
      return [
        [
          head,
          ...shown.map(
            ({ name, value, applied, reason }) =>
              `${indent}${name.padEnd(16)} ${printable(applied ? value : `not varied: ${reason}`)}`
          )
        ].join('\n')
      ]
    })
}

/** A sentence after its label, further lines below its first word. */
function wrapped(label: string, text: string, width: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text).split(/\s+/)) {
    if (line !== '' && label.length + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return label + [...lines, line].join(`\n${' '.repeat(label.length)}`)
}
