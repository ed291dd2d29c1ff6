import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { installPath } from '../placement.ts'
import { parseCatalogue } from './gettext/catalogue.ts'
import { catalogueDifference } from './gettext/comparison.ts'
import { readMessageFile } from './gettext/message-file.ts'
import { lastPart, pathsNamed } from './tree-names.ts'

const mostCandidates = 20

/** `X.mo`, compiled by GNU msgfmt, Babel, polib or Python's msgfmt.py from `X.po` of the tag. */
export const messageCatalogues: Generator = {
  name: 'message-catalogue',
  reason:
    'A catalogue of translations, compiled from the .po file of the tag: the same messages, and nothing else.',
  matches: ({ inner, kind }) => kind === 'file' && inner.endsWith('.mo'),
  derive: deriveCatalogue
}

async function deriveCatalogue(member: TracedMember, context: TraceContext): Promise<Verdict | undefined> {
  const sources = sourcesOf(member, context)
  if (member.content === null || sources.length === 0) return undefined
  const file = readMessageFile(member.content)
  if (typeof file === 'string') return differing(member, `as a .mo file it is malformed: ${file}`, sources[0])
  let first: string | undefined
  for (const path of sources) {
    const bytes = await context.tree.read(path)
    const catalogue = bytes === undefined ? undefined : parseCatalogue(bytes)
    const difference = catalogue === undefined ? 'it cannot be read' : catalogueDifference(file, catalogue)
    if (difference === undefined) return { traced: true, from: [path] }
    first ??= difference
  }
  return differing(member, `against ${JSON.stringify(sources[0])}, ${first ?? ''}`, sources[0])
}

/** The `.po` file beside it or, where those lie elsewhere, those with its name or its language's. */
function sourcesOf({ inner }: TracedMember, context: TraceContext): string[] {
  const installed = installPath(inner).replace(/\.mo$/, '.po')
  const parts = installed.split('/')
  const name = parts.at(-1) ?? ''
  const language = /^[A-Za-z]{2,3}([_-][A-Za-z0-9]+)?(@\w+)?$/.test(parts.at(-3) ?? '')
    ? parts.at(-3)
    : undefined
  const ending = (end: string): string[] =>
    pathsNamed(context, lastPart(end)).filter(
      (path) => path === context.folder + end || path.endsWith(`/${end}`)
    )
  const byLanguage =
    language === undefined ? [] : [...ending(`${language}.po`), ...ending(`${language}/${name}`)]
  const sources = [...ending(installed), ...ending(parts.slice(-3).join('/')), ...byLanguage]
  return [...new Set(sources)].slice(0, mostCandidates)
}

function differing(member: TracedMember, why: string, source: string | undefined): Verdict {
  return {
    traced: false,
    code: 'generated-differs',
    message: `${member.inner} is not what compiling its translations gives: ${why}.`,
    cause: 'Something else wrote it, or it was compiled from other translations than those of the tag.',
    fix: `Compile it from ${JSON.stringify(source ?? 'its .po file')} in the build (msgfmt, or pybabel compile), or leave it out.`
  }
}
