import { peopleOf } from './people.ts'
import { readmeTypeOf, type ProjectFiles } from './project-files.ts'
import { byCode, firmly, type Statement } from './statement.ts'
import { asTable, asText, asTexts, at, parseToml, type Table } from './toml-values.ts'

/**
 * Maturin takes from Cargo.toml what `[project]` does not give ("Metadata", maturin's guide). A value that a crate
 * inherits from its workspace stands in the workspace's Cargo.toml.
 */
export async function fromCargo(pyproject: Table, files: ProjectFiles): Promise<Statement> {
  const path = asText(at(pyproject, 'tool.maturin.manifest-path')) ?? 'Cargo.toml'
  const crate = asTable(parseToml((await files.text(path)) ?? '').package)
  const workspace = asTable(at(parseToml((await files.text('Cargo.toml')) ?? ''), 'workspace.package'))
  const value = (key: string): unknown =>
    asTable(crate[key]).workspace === true ? workspace[key] : crate[key]
  const statement: Statement = {}
  const name = asText(value('name'))
  if (name !== undefined) statement.name = firmly(name, path)
  const version = asText(value('version'))
  if (version !== undefined) statement.version = byCode(version.replace(/-(alpha|beta|rc)\.?/, '$1'), path)
  const summary = asText(value('description'))
  if (summary !== undefined) statement.summary = firmly(summary, path)
  const license = asText(value('license'))
  if (license !== undefined) statement.license = firmly([license, license.replaceAll('/', ' OR ')], path)
  if (value('authors') !== undefined) statement.authors = firmly(peopleOf(value('authors')), path)
  if (value('keywords') !== undefined) statement.keywords = firmly(asTexts(value('keywords')), path)
  const urls = [
    ['Homepage', asText(value('homepage'))],
    ['Source Code', asText(value('repository'))],
    ['Documentation', asText(value('documentation'))]
  ] as const
  const known = urls.flatMap(([label, url]): [string, string][] => (url === undefined ? [] : [[label, url]]))
  if (known.length > 0) statement.urls = firmly(known, path)
  const readme = asText(value('readme'))
  const text = readme === undefined ? undefined : await files.text(readme)
  if (readme !== undefined && text !== undefined) {
    statement.readme = firmly([text], path, readme)
    statement.readmeType = firmly(readmeTypeOf(readme), path)
  }
  return statement
}
