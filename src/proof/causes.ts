import { archiveRules } from './causes/archives.ts'
import { fixOfKind } from './causes/by-kind.ts'
import { documentRules } from './causes/documents.ts'
import type { Evidence, Explained, Rule } from './causes/evidence.ts'
import { formatRules } from './causes/formats.ts'
import { knownValueRules } from './causes/influence.ts'
import { orderRules } from './causes/order.ts'
import { systemRules } from './causes/system.ts'
import { randomRule, valueRules } from './causes/values.ts'

export type { Evidence } from './causes/evidence.ts'

export interface Cause extends Explained {
  /** Name of the rule. */
  rule: string
}

/**
 * The cause table. What is certain comes first: files that are known by their place, and values that the worlds were given. Then formats, whose fields have a
 * known meaning; then values and orders in texts; last what merely looks random.
 */
const rules: readonly Rule[] = [
  ...systemRules,
  ...documentRules,
  ...archiveRules,
  ...knownValueRules,
  ...formatRules,
  ...valueRules,
  ...orderRules,
  randomRule
]

/** The likely cause of a difference, and the remedy; null where no rule knows it. */
export function findCause(evidence: Evidence): Cause | null {
  for (const rule of rules) {
    const found = rule.explain(evidence)
    if (found !== undefined)
      return { rule: rule.name, ...found, fix: fixOfKind(evidence.kind, rule.name) ?? found.fix }
  }
  return null
}
