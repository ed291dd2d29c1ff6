import type { Generator, TraceContext } from '../generator.ts'
import { differs } from '../files/verdicts.ts'
import { memberText } from '../metadata/member-text.ts'

/**
 * `DEBIAN/md5sums`: one line for each file that is no conffile, sorted by bytes as dh_md5sums does. Files below `var/` may be
 * left out (`dh_md5sums -X`), for they change on a running system.
 */
export const md5sumsFile: Generator = {
  name: 'deb-md5sums',
  reason: 'dh_md5sums lists the hash of each packed file; the list is derived again from the files.',
  matches: ({ path, kind }) => path === 'DEBIAN/md5sums' && kind === 'file',
  async derive(member, context) {
    const found = await memberText(member, context)
    if (found === undefined) return undefined
    const changing = unlistedBelowVar(context, found.toString('utf8'))
    const expected = [await conffilesOf(context), new Set<string>()].map((left) =>
      listOf(context, new Set([...left, ...changing]))
    )
    return expected.some((each) => each.equals(found))
      ? { traced: true, from: [] }
      : differs({ ...member, content: found }, expected[0], 'dh_md5sums')
  }
}

/** With conffiles (`--include-conffiles`, fpm and others) or without. */
function listOf(context: TraceContext, left: ReadonlySet<string>): Buffer {
  const lines = [...context.members.values()]
    .filter(
      ({ path, kind }) =>
        (kind === 'file' || kind === 'hardlink') && !path.startsWith('DEBIAN/') && !left.has(path)
    )
    .map(({ path, md5 }) => ({ path: Buffer.from(path), md5: md5 ?? '' }))
    .sort((one, other) => Buffer.compare(one.path, other.path))
    .map(({ path, md5 }) => Buffer.concat([Buffer.from(`${md5}  `), path, Buffer.from('\n')]))
  return Buffer.concat(lines)
}

function unlistedBelowVar({ members }: TraceContext, text: string): string[] {
  const listed = new Set(text.split('\n').map((line) => line.slice(34)))
  return [...members.keys()].filter((path) => path.startsWith('var/') && !listed.has(path))
}

export async function conffilesOf(context: TraceContext): Promise<Set<string>> {
  const member = context.members.get('DEBIAN/conffiles')
  const text = (member === undefined ? undefined : await memberText(member, context))?.toString('utf8') ?? ''
  return new Set(
    text
      .split('\n')
      .filter((line) => line.startsWith('/'))
      .map((line) => line.slice(1))
  )
}
