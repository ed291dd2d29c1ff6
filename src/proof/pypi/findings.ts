import type { Finding } from '../../documents/proof.ts'
import { printable } from '../../platform/printable.ts'
import type { Candidate, IndexRule, Problem } from './rule.ts'
import { indexRules } from './rules.ts'

/** What the package index would say of files that are to be published there, as findings. */
export function indexFindings(candidate: Candidate): Finding[] {
  return indexRules.flatMap((rule) =>
    rule.check(candidate).map((problem) => findingOf(rule, candidate, problem))
  )
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
