import { dependencyRules } from './dependency-rules.ts'
import { descriptionRules } from './description-rules.ts'
import { fileRules } from './file-rules.ts'
import { identityRules } from './identity-rules.ts'
import { licenseRules } from './license-rules.ts'
import { textRules } from './text-rules.ts'
import type { IndexRule, MetadataRule } from './rule.ts'

/** Rules that look at what the index is told, and at no file. */
export const metadataRules: readonly MetadataRule[] = [
  ...identityRules,
  ...textRules,
  ...descriptionRules,
  ...dependencyRules
]

/**
 * Everything that the server of the Python package index checks of one file and that can be known without asking it. The
 * structure of archives is not among it: our own readers are stricter (check `container`). What only the server knows,
 * such as names, quotas and what is there, is asked for by the preflight of `publish`.
 */
export const indexRules: readonly IndexRule[] = [
  ...metadataRules.map((rule): IndexRule => ({ ...rule, check: ({ upload }) => rule.check(upload.fields) })),
  ...licenseRules,
  ...fileRules
]
