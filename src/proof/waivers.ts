import type { Config } from '../documents/config.ts'
import type { Finding } from '../documents/proof.ts'
import { globMatcher } from '../source/glob.ts'

export type Waiver = Config['waivers'][number]

/**
 * Where one of these stands, there is no artifact that both worlds made: no reason can take its place, and a release
 * without it would be half of one. (For the same reason a waiver cannot be for the checks reproduced and container.)
 */
const lasting: ReadonlySet<string> = new Set(['build-fails-in-b', 'artifact-kinds', 'artifact-name-twice'])

/**
 * Turns refusals and warnings that a committed exception names into notes that bear its reason. A waiver is for one
 * check and one code, and for the members that fit its path (the artifact's name, where a finding has no member).
 */
export function waive(
  findings: readonly Finding[],
  waivers: readonly Waiver[]
): { findings: Finding[]; unused: Waiver[] } {
  const rules = waivers.map((waiver) => ({ waiver, fits: globMatcher([waiver.path]), used: false }))
  const waived = findings.map((finding): Finding => {
    if (finding.severity === 'note' || lasting.has(finding.code)) return finding
    const rule = rules.find(
      ({ waiver, fits }) =>
        waiver.check === finding.check && waiver.code === finding.code && places(finding).some(fits)
    )
    if (rule === undefined) return finding
    rule.used = true
    return { ...finding, severity: 'note', waiver: rule.waiver.reason }
  })
  return { findings: waived, unused: rules.filter(({ used }) => !used).map(({ waiver }) => waiver) }
}

/** {@link waive}, and tells of waivers that fit nothing: they would lie in wait for a finding that nobody has seen yet. */
export function applyWaivers(findings: readonly Finding[], waivers: readonly Waiver[]): Finding[] {
  const { findings: waived, unused } = waive(findings, waivers)
  return [...waived, ...unused.map(unusedWaiver)]
}

/** What a waiver's path is compared with: a member with and without the top folder of an sdist. */
function places({ member, artifact }: Finding): string[] {
  if (member === null) return [artifact ?? '']
  const cut = member.indexOf('/')
  return cut < 0 ? [member] : [member, member.slice(cut + 1)]
}

function unusedWaiver({ check, code, path }: Waiver): Finding {
  return {
    check: 'policy',
    code: 'waiver-unused',
    severity: 'warn',
    artifact: null,
    member: null,
    message: `The waiver for ${check}, ${code}, ${JSON.stringify(path)} fits no finding of this release that can be waived.`,
    cause: null,
    fix: 'Remove it from `waivers:` in .github/tagproof.yml, or correct its check, code or path.',
    waiver: null
  }
}
