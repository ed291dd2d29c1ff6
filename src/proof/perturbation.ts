import type { DeclaredGenerator } from '../documents/config.ts'
import type { Finding } from '../documents/proof.ts'
import type { Archive, ArchiveKind } from '../formats/archive.ts'
import { globMatcher } from '../source/glob.ts'
import { compareMembers, type Difference } from './compare.ts'
import { memberRules } from './member-rules.ts'

export interface PerturbationRequest {
  /** What is shipped, and what the perturbed build made, its originals put back. */
  shipped: Archive
  perturbed: Archive
  kind: ArchiveKind
  /** File name of the artifact. */
  name: string
  /** Name of the perturbation, such as `perturbation 2`. */
  perturbation: string
  /** Declared generators whose inputs were scrambled in this build: what they make may differ. */
  pairs: readonly DeclaredGenerator[]
}

const mostShown = 20

/**
 * Which members follow opaque files, as a further build of world b with other noise shows: all that differ once the
 * originals are back, but for what a declared generator makes.
 */
export function perturbationFindings(request: PerturbationRequest): Finding[] {
  const { shipped, perturbed, kind, name, pairs } = request
  const allowed = declaredOutput(pairs, kind)
  const differences = compareMembers(shipped.members, perturbed.members, kind).filter(
    (difference) => !(difference.code === 'content-differs' && allowed(difference.member))
  )
  const findings = differences.slice(0, mostShown).map((difference) => influenced(difference, request))
  if (differences.length > mostShown)
    findings.push({
      ...base(name),
      code: 'more-differences',
      member: null,
      message: `${differences.length - mostShown} more members differ in ${request.perturbation}`,
      cause: null,
      fix: 'Correct the causes above first; most of the others go with them.'
    })
  return findings
}

/**
 * Whether a declared generator makes a member: by its path in the tree, which in a deb or image may lie below any
 * folder; so may the bytecode of such a file.
 */
export function declaredOutput(
  pairs: readonly DeclaredGenerator[],
  kind: ArchiveKind
): (member: string) => boolean {
  const { inner, exact } = memberRules[kind]
  const fits = globMatcher(pairs.map((pair) => pair.to))
  const fitsBelow = (path: string): boolean => {
    for (let at = 0; at >= 0; at = path.indexOf('/', at) + 1 || -1) if (fits(path.slice(at))) return true
    return false
  }
  return (member) => {
    if (!exact) return fits(inner(member))
    const source = inner(member).replace(/(^|\/)__pycache__\/([^/.]+)\.[^/]*pyc$/, '$1$2.py')
    return fitsBelow(source)
  }
}

function influenced({ member, code }: Difference, request: PerturbationRequest): Finding {
  return {
    ...base(request.name),
    code: 'perturbation-differs',
    member,
    message: `${member} differs in ${request.perturbation} (${code}), where scrambled files hold other noise`,
    cause: 'The member follows the content of an opaque file in fewer bits than the first noise changed.',
    fix: 'Run with --attribute to name the file; keep it out of the build, or declare it under `inputs:` or `generated:` with a reason.'
  }
}

function base(artifact: string): Pick<Finding, 'check' | 'severity' | 'artifact' | 'waiver'> {
  return { check: 'uninfluenced', severity: 'refuse', artifact, waiver: null }
}
