import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { versionsOf } from './version-value.ts'

const largest = 1000
const versionName =
  /(^|[_./-])_*(version|about|release|revision|commit|(sys|build|git)_?info)[^/]*$|version(_\w+)?\.\w+$/i
/** `__version__ = "1.2.3"`, and nothing that does anything. */
const assignment =
  /^_{0,2}(?:[a-z]+_)?(?:version|commit|commit_id|revision|hash|sha|release)(?:_id|_hash)?_{0,2}(?:: str)? ?= ?(["'])([\w.+!-]{1,80})\1$/i
/** No declaration of an encoding, under which the lines below would be others (PEP 263). */
const comment = /^#(?!.*coding[:=])[\w .,:;'"()/-]{0,100}$/

/**
 * A module or text that says the version or the commit of the tag and nothing else, whichever program of the project
 * writes it: every byte follows from the tag.
 */
export const versionLiteral: Generator = {
  name: 'version-literal',
  reason: 'It states the version or the commit of the tag, and nothing else.',
  matches: ({ inner, kind, size }) => kind === 'file' && size <= largest && versionName.test(inner),
  derive: deriveLiteral
}

async function deriveLiteral(member: TracedMember, context: TraceContext): Promise<Verdict | undefined> {
  const text = member.content?.toString('utf8') ?? ''
  const versions = await versionsOf(context)
  const known = (value: string): boolean =>
    versions.includes(value) ||
    (/^g?[0-9a-f]{7,64}$/.test(value) && context.tag.commit.startsWith(value.replace(/^g/, '')))
  const lines = text.replace(/\n$/, '').split('\n')
  const plain = !/\.py[iwx]?$/.test(member.inner) && lines.length === 1 && known(lines[0] ?? '')
  const first = lines[0] !== undefined && comment.test(lines[0]) ? 1 : 0
  const stated = lines.slice(first).map((line) => assignment.exec(line)?.[2])
  const module = stated.length > 0 && stated.every((value) => value !== undefined && known(value))
  return plain || module ? { traced: true, from: [] } : undefined
}
