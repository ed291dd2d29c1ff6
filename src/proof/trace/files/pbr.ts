import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { differs } from './verdicts.ts'

/** Control characters other than a line's end have no place in either file. */
const printable = /^[^\p{Cc}]*$/u
const author = /^[^<>]{0,200}<[^<>\s]{0,200}>$/
const changeLine = /^(?:|-+|=+|CHANGES|\* .{0,500}|v?[0-9][0-9A-Za-z.+!-]{0,60})$/

/**
 * pbr writes AUTHORS and ChangeLog from the messages and authors of git's commits (pbr/git.py). What a build sees of
 * them is the tag's own commit, so both worlds and the form are what can be checked. setuptools takes AUTHORS into a
 * wheel as a licence file.
 */
export const pbrFiles: Generator = {
  name: 'pbr-history',
  reason: 'pbr writes AUTHORS and ChangeLog from the commits of git; both worlds wrote the same.',
  matches: ({ inner, kind }, { artifact }) =>
    kind === 'file' &&
    (artifact.kind === 'sdist'
      ? inner === 'AUTHORS' || inner === 'ChangeLog'
      : /^[^/]+\.dist-info\/(licenses\/)?AUTHORS$/.test(inner)),
  derive: derivePbr
}

async function derivePbr(member: TracedMember, context: TraceContext): Promise<Verdict | undefined> {
  const { folder, tree, build } = context
  if (member.content === null || !(await usesPbr(context))) return undefined
  const text = member.content.toString('utf8')
  const name = member.inner === 'ChangeLog' ? 'ChangeLog' : 'AUTHORS'
  const before = name === 'AUTHORS' ? ((await tree.read(`${folder}AUTHORS.in`))?.toString('utf8') ?? '') : ''
  if (!text.startsWith(before) || !hasForm(name, text.slice(before.length)))
    return differs(member, undefined, 'pbr')
  if (build === null)
    return {
      traced: false,
      code: 'untraced',
      message: `${member.inner} has the form of pbr's, and the history that it is made from is not at hand.`,
      cause: 'pbr writes it from all commits before the tag.',
      fix: 'A build tells: tagproof rehearse.'
    }
  if (!build.environment.has('pbr') || !build.reproduced(member.path)) return undefined
  return { traced: true, from: before === '' ? [] : [`${folder}AUTHORS.in`] }
}

function hasForm(name: string, text: string): boolean {
  if (!printable.test(text.replaceAll('\n', ''))) return false
  const lines = text.split('\n')
  if (name === 'AUTHORS') return lines.every((line) => line === '' || author.test(line))
  return text.startsWith('CHANGES\n=======\n\n') && lines.every((line) => changeLine.test(line))
}

async function usesPbr({ tree, folder }: TraceContext): Promise<boolean> {
  for (const name of ['setup.py', 'pyproject.toml', 'setup.cfg'])
    if (/\bpbr\b/.test((await tree.read(folder + name))?.toString('utf8') ?? '')) return true
  return false
}
