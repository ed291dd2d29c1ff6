import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { indexOf, sameLayer } from '../installed-record.ts'
import { installedPlace } from '../installed.ts'
import { bytecodeHeader, isHashOf, sourceOf } from './bytecode-header.ts'

/**
 * Bytecode beside its source, in packages that compile at build time. Believed only where compiling the member's own
 * source in the clean root gave the same bytes: the header alone says nothing about the code behind it.
 */
export const compiledBytecode: Generator = {
  name: 'python-bytecode',
  reason: 'Compiled from the source beside it; compiling that again in the clean root gave the same bytes.',
  matches: ({ path, kind }) => kind === 'file' && /\.py[co]$/.test(path),
  derive: (member, context) => deriveBytecode(member, context)
}

async function deriveBytecode(member: TracedMember, context: TraceContext): Promise<Verdict | undefined> {
  const place = installedPlace(member.path, context.artifact.kind)
  const installed = place === undefined ? undefined : sourceOf(place.path)
  const source = installed === undefined ? undefined : sameLayer(context, member, installed)
  if (source === undefined)
    return refused(
      'bytecode-refused',
      member,
      'is bytecode without a source beside it: nobody can read what it does',
      {
        cause: 'The source was left out, or the bytecode was put there by hand.',
        fix: 'Ship the source beside it, or leave the bytecode out.'
      }
    )
  const header = bytecodeHeader(member.head)
  if (header === undefined)
    return refused('bytecode-differs', member, 'has no header of bytecode', {
      cause: 'It is none, or another implementation of Python wrote it.',
      fix: 'Let the python3 of the root compile it.'
    })
  if (header.form === 'hash' && !header.checked)
    return refused(
      'bytecode-differs',
      member,
      'is marked as never checked against its source: Python would run it whatever the source says',
      {
        cause: 'It was compiled with --invalidation-mode unchecked-hash.',
        fix: 'Compile with checked-hash: SOURCE_DATE_EPOCH in the environment of pip and compileall is enough.'
      }
    )
  const text = header.form === 'hash' ? await context.content(source.path) : undefined
  if (header.form === 'hash' && text !== undefined && !isHashOf(header, text))
    return differing(member, 'names another source than the one beside it')
  const expected = context.evidence?.bytecode?.get(member.path)
  if (expected === undefined)
    return refused(
      'untraced',
      member,
      'is bytecode that was not compiled again: only a clean root can tell',
      {
        cause: 'A trace without a root does not run a compiler.',
        fix: 'Run tagproof rehearse on the tag; or leave bytecode out of the package (PYTHONDONTWRITEBYTECODE=1, pip --no-compile).'
      }
    )
  if (expected !== member.sha256) return differing(member, 'is not what compiling the source beside it gives')
  return {
    traced: true,
    from: [],
    reason: `Compiled from ${source.path}; the clean root gives the same bytes.`
  }
}

function differing(member: TracedMember, why: string): Verdict {
  return refused(
    'bytecode-differs',
    member,
    `${why}: Python may run it instead of the source that a reviewer reads`,
    {
      cause: 'Something wrote or changed it after it was compiled, or another version of Python compiled it.',
      fix: 'Find what writes it in the build; or leave bytecode out of the package.'
    }
  )
}

function refused(
  code: string,
  member: TracedMember,
  why: string,
  detail: { cause: string; fix: string }
): Verdict {
  return { traced: false, code, message: `${member.path} ${why}.`, ...detail }
}

/** Pairs of source and bytecode of an artifact, by member path: what a clean root has to compile. */
export function bytecodePairs(
  context: Pick<TraceContext, 'members' | 'artifact'>
): { source: string; bytecode: string }[] {
  const index = indexOf(context as TraceContext)
  return [...context.members.values()].flatMap(({ path, kind }) => {
    const place = installedPlace(path, context.artifact.kind)
    const source = kind === 'file' && place !== undefined ? sourceOf(place.path) : undefined
    const found = source === undefined ? undefined : index.get(source)
    return found === undefined ? [] : [{ source: found.path, bytecode: path }]
  })
}
