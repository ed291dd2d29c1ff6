import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { confirm, verdictOf } from './confirmation.ts'
import { metadataFile } from './metadata-place.ts'
import { quotedList } from './judgement.ts'
import { memberLines, memberText } from './member-text.ts'
import { projectStatement } from './read-statement.ts'
import { statedOf } from './statement.ts'

/** Whether a member is this file of `.egg-info`, or of a wheel's `.dist-info`, which is converted from it. */
function isFile(name: string): Generator['matches'] {
  return ({ inner, kind }, { artifact }) =>
    kind === 'file' && inner.endsWith(`/${name}`) && metadataFile(artifact.kind, '[^/]+').test(inner)
}

function refused(member: TracedMember, lines: readonly string[], what: string): Verdict {
  return {
    traced: false,
    code: 'metadata-undeclared',
    message: `${member.inner}: ${quotedList(lines)} ${what}.`,
    cause: 'Code of the build writes it.',
    fix: 'Let pyproject.toml, setup.cfg or setup.py state it in plain text, or find what writes it.'
  }
}

/** `zip-safe`, `not-zip-safe`: a mark without content. */
function mark(name: string): Generator {
  return {
    name: 'egg-mark',
    reason: 'setuptools marks by an empty file whether a package may stay zipped.',
    matches: isFile(name),
    async derive(member, context) {
      const bytes = await memberText(member, context)
      return bytes?.toString('latin1').trim() === '' ? { traced: true, from: [] } : undefined
    }
  }
}

/** top_level.txt: names of modules and packages. */
/** Each is looked for among all members. */
const mostModules = 1000

const topLevelFile: Generator = {
  name: 'egg-top-level',
  reason: 'setuptools lists the top-level modules in top_level.txt; each must be in the artifact.',
  matches: isFile('top_level.txt'),
  async derive(member, context) {
    const lines = await memberLines(member, context)
    if (lines === undefined || lines.length > mostModules) return undefined
    const lost = lines.filter((line) => !isModule(line, context))
    if (lost.length === 0) return { traced: true, from: [] }
    return confirmed(member, context, lost, 'names no module of the artifact')
  }
}

/** `a`, or `a/b` of setuptools' older spelling, as a folder, a module or an extension somewhere in the artifact. */
function isModule(name: string, { members }: TraceContext): boolean {
  for (const { inner } of members.values())
    if (`/${inner}`.includes(`/${name}/`) || `/${inner}`.includes(`/${name}.`)) return true
  return false
}

/** What a file lists is confirmed by the backend's own; without a build it must be an ordinary name. */
function confirmed(
  member: TracedMember,
  context: TraceContext,
  lines: readonly string[],
  what: string
): Verdict {
  const name = member.inner.split('/').at(-1) ?? ''
  if (context.build === null && !lines.every((line) => /^[\p{L}\p{N}_][\p{L}\p{N}_./-]*$/u.test(line)))
    return refused(member, lines, what)
  const confirmation = confirm(member, context, [name], (prepared) => {
    const there = (prepared.get(name)?.toString('utf8') ?? '').split(/\r?\n/).map((line) => line.trim())
    const added = lines.filter((line) => !there.includes(line))
    return added.length === 0 ? null : `${quotedList(added)} is added`
  })
  return verdictOf(confirmation, [])
}

/** dependency_links.txt, namespace_packages.txt: empty, stated, or literally in setup.py. */
function statedLines(name: string, property: 'dependencyLinks' | 'namespacePackages'): Generator {
  return {
    name: `egg-${name.replace(/\.txt$/, '').replace('_', '-')}`,
    reason: `setuptools writes ${name} from what setup.cfg or setup.py states.`,
    matches: isFile(name),
    async derive(member, context) {
      const lines = await memberLines(member, context)
      if (lines === undefined) return undefined
      const stated = statedOf(await projectStatement(context), property)
      const script = (await readText(context, 'setup.py')) ?? ''
      const known = (line: string): boolean =>
        stated?.value?.includes(line) === true || script.includes(`'${line}'`) || script.includes(`"${line}"`)
      const open = lines.filter((line) => !known(line))
      if (open.length === 0) {
        const files = stated?.from ?? ['setup.py']
        const from = files.map((path) => context.folder + path)
        return { traced: true, from: lines.length === 0 ? [] : from.filter((path) => context.tree.has(path)) }
      }
      if (stated?.firm === false && property === 'namespacePackages')
        return confirmed(member, context, open, 'is stated nowhere')
      return refused(member, open, 'is stated nowhere')
    }
  }
}

async function readText({ tree, folder }: TraceContext, path: string): Promise<string | undefined> {
  return tree.has(folder + path) ? (await tree.read(folder + path))?.toString('utf8') : undefined
}

/** The small files that setuptools writes beside the metadata. */
export const eggInfoFiles: readonly Generator[] = [
  mark('zip-safe'),
  mark('not-zip-safe'),
  topLevelFile,
  statedLines('dependency_links.txt', 'dependencyLinks'),
  statedLines('namespace_packages.txt', 'namespacePackages')
]
