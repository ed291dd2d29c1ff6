import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { metadataFile } from './metadata-place.ts'
import { unwritten } from './build-texts.ts'
import { confirm, verdictOf } from './confirmation.ts'
import type { FieldContext } from './field-judgements.ts'
import { quotedList } from './judgement.ts'
import { memberText } from './member-text.ts'
import { projectStatement } from './read-statement.ts'
import { statedOf, type Properties } from './statement.ts'

const noEntryPoints: Properties['entryPoints'] = new Map()

/** entry_points.txt: what is started as a command, or loaded as a plugin. */
export const entryPointsFile: Generator = {
  name: 'entry-points',
  reason:
    'Backends write entry_points.txt from the scripts and entry points that the project states; each is derived again.',
  matches: ({ inner, kind }, { artifact }) =>
    kind === 'file' && metadataFile(artifact.kind, 'entry_points\\.txt').test(inner),
  async derive(member, context) {
    const bytes = await memberText(member, context)
    if (bytes === undefined) return undefined
    const stated = statedOf(await projectStatement(context), 'entryPoints')
    const found = entryPointsIn(bytes.toString('utf8'))
    const known = entryPointTexts(stated?.value ?? noEntryPoints)
    const added = found.filter((text) => !known.includes(text))
    const missing = known.filter((text) => !found.includes(text))
    const from = (stated?.from ?? []).map((path) => context.folder + path)
    const said = stated === undefined || stated.value !== undefined
    if (said && added.length === 0 && missing.length === 0) return { traced: true, from }
    if (stated?.firm === false && context.build === null) {
      const targets = added.map((text) => text.slice(text.lastIndexOf(' = ') + 3))
      const lost = await unwritten(targets, context)
      if (lost.length > 0) return undeclared(member, lost, [], stated.from[0] ?? 'setup.py')
    }
    if (stated?.firm === false) return confirmed(member, context, found, from)
    return undeclared(member, added, missing, stated?.from[0] ?? 'pyproject.toml')
  }
}

function confirmed(member: TracedMember, context: TraceContext, found: string[], from: string[]): Verdict {
  const confirmation = confirm(member, context, ['entry points'], (prepared) => {
    const bytes = prepared.get('entry_points.txt') ?? Buffer.alloc(0)
    const there = entryPointsIn(bytes.toString('utf8'))
    const added = found.filter((text) => !there.includes(text))
    const missing = there.filter((text) => !found.includes(text))
    if (added.length > 0) return `the entry point ${quotedList(added)} is added`
    return missing.length > 0 ? `the entry point ${quotedList(missing)} is missing` : null
  })
  return verdictOf(confirmation, from)
}

/** A wheel without entry_points.txt whose project has entry points: installing it would leave commands out. */
export function lostEntryPoints(
  metadata: TracedMember,
  { statement, context }: FieldContext
): Verdict | undefined {
  const file = metadata.inner.replace(/METADATA$/, 'entry_points.txt')
  if (context.artifact.kind === 'sdist' || context.member(file) !== undefined) return undefined
  const stated = statedOf(statement, 'entryPoints')
  if (stated === undefined) return undefined
  const prepared = context.build?.preparedMetadata?.get('entry_points.txt')?.toString('utf8') ?? ''
  const expected = stated.firm ? entryPointTexts(stated.value ?? noEntryPoints) : entryPointsIn(prepared)
  if (expected.length === 0) return undefined
  return undeclared({ ...metadata, inner: file }, [], expected, stated.from[0] ?? 'pyproject.toml')
}

function undeclared(member: TracedMember, added: string[], missing: string[], where: string): Verdict {
  const wrong = added.length > 0
  return {
    traced: false,
    code: wrong ? 'entry-point-undeclared' : 'entry-point-missing',
    message: wrong
      ? `${member.inner}: the entry point ${quotedList(added)} is stated nowhere.`
      : `${member.inner}: the entry point ${quotedList(missing)} of ${where} is missing.`,
    cause:
      'Code of the build changes the entry points: installing the package would put other commands or plugins in place.',
    fix: `State the entry point in ${where}, or find what ${wrong ? 'adds' : 'removes'} it.`
  }
}

/** `group: name = target`, white space aside. */
function entryPointTexts(groups: Properties['entryPoints']): string[] {
  return [...groups].flatMap(([group, points]) =>
    [...points].map(([name, target]) => entryPointText(group, name, target))
  )
}

function entryPointText(group: string, name: string, target: string): string {
  return `${group}: ${name} = ${target.replace(/\s+/g, '').replace(/\[\]$/, '')}`
}

/** The line ends of Python's `str.splitlines`. */
// eslint-disable-next-line no-control-regex -- Python ends lines at them
const lineEnds = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/
/** White space of both languages: a byte order mark is none for Python. */
const aroundLine = /^[^\S\uFEFF]+|[^\S\uFEFF]+$/g

/**
 * The entry points of a file as `importlib.metadata` reads them (`Sectioned`): every line by itself whatever its
 * indent, `#` alone begins a comment, and what is there twice counts twice. A reader for ini files would pass over some
 * that are loaded.
 */
function entryPointsIn(text: string): string[] {
  const found: string[] = []
  let group = ''
  for (const line of text.split(lineEnds).map((each) => each.replace(aroundLine, ''))) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('[') && line.endsWith(']')) {
      group = line.replace(/^[[\]]+|[[\]]+$/g, '')
      continue
    }
    const cut = line.indexOf('=')
    const [name, target] = cut < 0 ? [line, ''] : [line.slice(0, cut), line.slice(cut + 1)]
    found.push(entryPointText(group, name.trim(), target))
  }
  return found
}
