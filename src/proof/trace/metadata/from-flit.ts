import { normalizeName } from '../../../formats/metadata.ts'
import { entryPointsOf, requirementsOf } from './from-project-table.ts'
import { parseIni } from '../../../formats/ini.ts'
import { parseAddresses } from './people.ts'
import { readmeTypeOf, type ProjectFiles } from './project-files.ts'
import type { Requirement } from './requirement.ts'
import { canonicalSpecifiers } from './specifiers.ts'
import { byCode, firmly, type Person, type Statement } from './statement.ts'
import { asTable, asText, asTexts, textEntries, type Table } from './toml-values.ts'

/** Flit's tables of before PEP 621 ("The pyproject.toml config file, old style"). Summary and version are the module's. */
export async function fromFlit(flit: Table, files: ProjectFiles, file: string): Promise<Statement> {
  const metadata = asTable(flit.metadata)
  const text = (key: string): string | undefined => asText(metadata[key])
  const statement: Statement = {
    version: byCode<string>(undefined, file),
    summary: byCode<string>(undefined, file)
  }
  const name = text('dist-name') ?? text('module')
  if (name !== undefined) statement.name = firmly(name, file)
  const authors = people(text('author'), text('author-email'))
  if (authors.length > 0) statement.authors = firmly(authors, file)
  const maintainers = people(text('maintainer'), text('maintainer-email'))
  if (maintainers.length > 0) statement.maintainers = firmly(maintainers, file)
  const license = text('license')
  if (license !== undefined) statement.license = firmly([license], file)
  const python = text('requires-python')
  if (python !== undefined) statement.requiresPython = firmly([canonicalSpecifiers(python)], file)
  if (metadata.classifiers !== undefined) statement.classifiers = firmly(asTexts(metadata.classifiers), file)
  const keywords = text('keywords')
  if (keywords !== undefined) statement.keywords = firmly(keywords.split(/[\s,]+/), file)
  const home = text('home-page')
  const urls = [
    ...(home === undefined ? [] : [['Homepage', home] as [string, string]]),
    ...textEntries(metadata.urls)
  ]
  if (urls.length > 0) statement.urls = firmly(urls, file)
  const readme = text('description-file')
  const content = readme === undefined ? undefined : await files.text(readme)
  if (readme !== undefined && content !== undefined) {
    statement.readme = firmly([content], file, readme)
    statement.readmeType = firmly(readmeTypeOf(readme), file)
  }
  dependencies(metadata, file, statement)
  const points = await entryPoints(flit, metadata, files)
  if (points.size > 0) statement.entryPoints = firmly(points, file)
  return statement
}

function people(name: string | undefined, email: string | undefined): Person[] {
  return [
    ...(name === undefined ? [] : [{ name, email: null }]),
    ...(email === undefined ? [] : parseAddresses(email))
  ]
}

/** `dev-requires` is the extra `dev`. */
function dependencies(metadata: Table, file: string, statement: Statement): void {
  const plain = requirementsOf(metadata.requires, file)
  if (plain !== undefined) statement.dependencies = plain
  const lists = Object.entries(asTable(metadata['requires-extra']))
  if (metadata['dev-requires'] !== undefined) lists.push(['dev', metadata['dev-requires']])
  if (lists.length === 0) return
  const stated = lists.map(([extra, list]) => [normalizeName(extra), requirementsOf(list, file)] as const)
  const extras = new Map<string, readonly Requirement[]>(
    stated.map(([extra, list]) => [extra, list?.value ?? []])
  )
  const firm = stated.every(([, list]) => list?.firm === true)
  statement.optionalDependencies = { value: extras, firm, from: [file] }
}

async function entryPoints(
  flit: Table,
  metadata: Table,
  files: ProjectFiles
): Promise<Map<string, ReadonlyMap<string, string>>> {
  const points = entryPointsOf({ scripts: flit.scripts, 'entry-points': flit.entrypoints })
  const file = asText(metadata['entry-points-file']) ?? 'entry_points.txt'
  for (const [group, values] of parseIni((await files.text(file)) ?? '', '='))
    points.set(group, new Map([...(points.get(group) ?? []), ...values]))
  return points
}
