import type { Finding } from '../../documents/proof.ts'
import { printable } from '../../platform/printable.ts'
import type { Candidate, IndexRule, Problem } from './rule.ts'
import { indexRules } from './rules.ts'

/** Of one rule for one file: the metadata may be made to give millions. */
const mostTold = 20

/** What the package index would say of files that are to be published there, as findings. */
export function indexFindings(candidate: Candidate): Finding[] {
  return indexRules.flatMap((rule) =>
    inFewWords(rule.check(candidate)).map((problem) => findingOf(rule, candidate, problem))
  )
}

/** The rest is counted, and weighs as the heaviest of it. */
function inFewWords(problems: readonly Problem[]): Problem[] {
  const rest = problems.slice(mostTold)
  const [lightest] = rest
  if (lightest === undefined) return [...problems]
  const heaviest = rest.find(({ severity }) => severity === undefined) ?? lightest
  return [
    ...problems.slice(0, mostTold),
    { ...heaviest, message: `${rest.length} more of the same are not shown.` }
  ]
}

function findingOf(
  { code, demands, fix }: IndexRule,
  { distribution }: Candidate,
  { message, member, severity }: Problem
): Finding {
  return {
    check: 'policy',
    code,
    severity: severity ?? 'refuse',
    artifact: distribution.name,
    member: member ?? null,
    message: printable(message).slice(0, 4000),
    cause: demands,
    fix,
    waiver: null
  }
}
