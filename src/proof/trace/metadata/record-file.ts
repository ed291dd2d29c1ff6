import { parseRecord, type RecordLine } from '../../../formats/record.ts'
import { asTagproofError } from '../../../platform/errors.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { quotedList } from './judgement.ts'
import { invalidFile, memberText } from './member-text.ts'

/** RECORD: one line per member, with its hash and size, in any order. */
export const recordFile: Generator = {
  name: 'wheel-record',
  reason:
    'Backends list every member with its hash and size in RECORD; the list is derived again from the members.',
  matches: ({ inner, kind }, { artifact }) =>
    artifact.kind === 'wheel' && kind === 'file' && /^[^/]+\.dist-info\/RECORD$/.test(inner),
  async derive(member, context) {
    const bytes = await memberText(member, context)
    if (bytes === undefined) return undefined
    try {
      return compare(member, parseRecord(bytes.toString('utf8')), context)
    } catch (thrown) {
      return invalidFile(member, asTagproofError(thrown).message)
    }
  }
}

function compare(member: TracedMember, lines: readonly RecordLine[], context: TraceContext): Verdict {
  const listed = new Map(lines.map((line) => [line.path, line]))
  const wrong = lines.filter((line) => !isRight(line, member, context)).map((line) => line.path)
  const lost = [...context.members.keys()].filter(
    (path) => !listed.has(path) && !path.startsWith(`${member.path}.`)
  )
  const problems = [
    ...(wrong.length > 0 ? [`${quotedList(wrong)} is not what is packed`] : []),
    ...(lost.length > 0 ? [`${quotedList(lost)} is not listed`] : [])
  ]
  if (problems.length === 0) return { traced: true, from: [] }
  return {
    traced: false,
    code: 'record-differs',
    message: `${member.inner}: ${problems.join('; ')}.`,
    cause: 'Members were changed, added or removed after the backend wrote RECORD.',
    fix: 'Let nothing change the wheel after its backend packed it; tools that do (auditwheel) write RECORD again.'
  }
}

/** Other hashes than SHA-256 were compared when the wheel was read. */
function isRight(line: RecordLine, record: TracedMember, { members }: TraceContext): boolean {
  if (line.path === record.path) return line.digest === null
  const member = members.get(line.path)
  if (member === undefined || line.digest === null) return false
  return (
    (line.size === null || line.size === member.size) &&
    (line.algorithm !== 'sha256' || line.digest === member.sha256)
  )
}
