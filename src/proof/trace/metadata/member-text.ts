import type { TraceContext, TracedMember, Verdict } from '../generator.ts'

/** Metadata that is held: larger is none of a backend's. */
const largest = 16 * 2 ** 20

/** Content of a member of metadata; undefined where it is too large to be one. */
export async function memberText(member: TracedMember, context: TraceContext): Promise<Buffer | undefined> {
  if (member.size > largest) return undefined
  return member.content ?? (await context.content(member.path))
}

/** Lines are compared with members and with each other: more are in no file of a backend's. */
const mostLines = 100_000

/** The text of a member; undefined where it is too large, has too many lines, or is no UTF-8. */
export async function memberLines(
  member: TracedMember,
  context: TraceContext
): Promise<string[] | undefined> {
  const bytes = await memberText(member, context)
  if (bytes === undefined) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const lines = text.split(/\r?\n/)
    if (lines.length > mostLines) return undefined
    return lines.map((line) => line.trim()).filter((line) => line !== '')
  } catch {
    // Not what the generator writes: the next rule is asked.
    return undefined
  }
}

export function invalidFile(member: TracedMember, why: string): Verdict {
  return {
    traced: false,
    code: 'metadata-invalid',
    message: `${member.inner} cannot be read: ${why}`,
    cause: null,
    fix: 'Find what writes it; a build backend writes it in the form of the specification.'
  }
}
