import { firstDifference } from '../../content.ts'
import type { TracedMember, Verdict } from '../generator.ts'

/** A known generator owns the path, and the bytes are not what it gives. */
export function differs(member: TracedMember, expected: Buffer | undefined, maker: string): Verdict {
  const difference =
    expected === undefined || member.content === null ? '' : `: ${shown(expected, member.content)}`
  return {
    traced: false,
    code: 'generated-differs',
    message: `The member is not what ${maker} writes${difference}.`,
    cause: `Something else than ${maker} wrote or changed it, or it was made for another version or another configuration.`,
    fix: `Find what writes ${JSON.stringify(member.inner)} in the build, and leave it to ${maker} alone.`
  }
}

function shown(expected: Buffer, found: Buffer): string {
  const { offset, line, a, b } = firstDifference(expected, found)
  return `${line === null ? `at offset ${offset}` : `in line ${line}`} it would be ${a}, and the artifact has ${b}`
}

/** The one of several possible outputs that a member is most likely meant to be: the longest common beginning. */
export function closest(candidates: readonly Buffer[], found: Buffer): Buffer | undefined {
  const common = (candidate: Buffer): number => {
    let at = 0
    while (at < candidate.length && candidate[at] === found[at]) at += 1
    return at
  }
  return candidates.reduce<Buffer | undefined>(
    (best, candidate) => (best === undefined || common(candidate) > common(best) ? candidate : best),
    undefined
  )
}

/** Traced if the member equals one of the outputs that the generator can give; otherwise a finding. */
export function oneOf(
  member: TracedMember,
  candidates: readonly string[],
  detail: { maker: string; from: readonly string[]; reason?: string }
): Verdict {
  const { maker, from, reason } = detail
  const outputs = candidates.map((candidate) => Buffer.from(candidate))
  const { content } = member
  if (content !== null && outputs.some((output) => output.equals(content)))
    return { traced: true, from, ...(reason === undefined ? {} : { reason }) }
  return differs(member, content === null ? undefined : closest(outputs, content), maker)
}
