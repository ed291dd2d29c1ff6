import { isAscii } from 'node:buffer'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { packagePathsNamed } from './tree-names.ts'
import { differs } from './verdicts.ts'

/** The first line of a script that setuptools and hatchling take for Python's. */
const interpreter = /^#!.*(?:pythonw?|pypyw?)[0-9.]*([ \t].*)?$/
const largestScript = 4 * 1024 * 1024
const mostCandidates = 20

/** `name.data/scripts/X`, whose first line installers turn into their own interpreter. */
export const scripts: Generator = {
  name: 'script-shebang',
  reason: 'A script of the tag whose first line was made `#!python`, as installers expect it.',
  matches: ({ inner, kind, size }, { artifact }) =>
    artifact.kind === 'wheel' &&
    kind === 'file' &&
    size <= largestScript &&
    /^[^/]+\.data\/scripts\/[^/]+$/.test(inner),
  derive: deriveScript
}

async function deriveScript(member: TracedMember, context: TraceContext): Promise<Verdict | undefined> {
  const { content } = member
  const sources = packagePathsNamed(context, member.inner).slice(0, mostCandidates)
  if (content === null || sources.length === 0) return undefined
  let expected: Buffer | undefined
  for (const path of sources) {
    const made = rewritten(await context.tree.read(path))
    if (made.some((output) => output.equals(content))) return { traced: true, from: [path] }
    expected ??= made[0]
  }
  return expected === undefined ? undefined : differs(member, expected, 'the copy of the script')
}

/** What a script becomes: with the line ends of the file, or with those that Python's text files read. */
function rewritten(source: Buffer | undefined): Buffer[] {
  if (source === undefined) return []
  const end = source.indexOf(0x0a)
  const first = source.subarray(0, end < 0 ? source.length : end)
  if (!isAscii(first)) return []
  const match = interpreter.exec(first.toString('latin1').replace(/\r$/, ''))
  if (match === null) return []
  const line = Buffer.from(`#!python${match[1] ?? ''}\n`)
  const rest = end < 0 ? Buffer.alloc(0) : source.subarray(end + 1)
  const plain = Buffer.from(rest.toString('latin1').replace(/\r\n?/g, '\n'), 'latin1')
  return [Buffer.concat([line, rest]), Buffer.concat([line, plain])]
}
