import { isDeepStrictEqual } from 'node:util'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { asTable, asTexts, at, parseToml, type Table } from '../metadata/toml-values.ts'
import { projectConfiguration } from './project.ts'
import { differs } from './verdicts.ts'
import { versionsOf } from './version-value.ts'

/** pdm-backend puts what it resolved into the pyproject.toml of an sdist (pdm/backend/sdist.py, tomli_w). */
export const pdmPyproject: Generator = {
  name: 'pdm-pyproject',
  reason:
    'pdm-backend writes pyproject.toml anew for an sdist, with the version in place of where it comes from.',
  matches: ({ inner, kind }, { artifact }) =>
    artifact.kind === 'sdist' && kind === 'file' && inner === 'pyproject.toml',
  async derive(member, context) {
    const { pyproject } = await projectConfiguration(context)
    if (at(pyproject, 'build-system.build-backend') !== 'pdm.backend' || member.content === null)
      return undefined
    return derivePyproject(member, context, pyproject)
  }
}

async function derivePyproject(
  member: TracedMember,
  context: TraceContext,
  pyproject: Table
): Promise<Verdict> {
  const text = member.content?.toString('utf8') ?? ''
  const versions = await versionsOf(context)
  const found = plain(parseToml(text))
  const outputs = [undefined, ...versions].map((version) => plain(withVersion(pyproject, version)))
  // tomli_w writes no comments: a line of them is of another's hand.
  const comment = text.split('\n').some((line) => line.trimStart().startsWith('#'))
  return !comment && outputs.some((output) => isDeepStrictEqual(output, found))
    ? { traced: true, from: [`${context.folder}pyproject.toml`] }
    : differs(member, undefined, 'pdm-backend')
}

function withVersion(pyproject: Table, version: string | undefined): Table {
  const project = asTable(pyproject.project)
  if (version === undefined || !asTexts(project.dynamic ?? []).includes('version')) return pyproject
  const dynamic = asTexts(project.dynamic).filter((field) => field !== 'version')
  return { ...pyproject, project: { ...project, dynamic, version } }
}

/** Without dates and big numbers of the TOML reader, and without an empty `dynamic` or `tool`, which say the same as none. */
function plain(table: Table): unknown {
  const value = JSON.parse(
    JSON.stringify(table, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item))
  ) as Record<string, unknown>
  const project = value.project as Record<string, unknown> | undefined
  if (Array.isArray(project?.dynamic) && project.dynamic.length === 0) delete project.dynamic
  if (isDeepStrictEqual(value.tool, {})) delete value.tool
  return value
}
