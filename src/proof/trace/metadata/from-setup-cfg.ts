import { normalizeName } from '../../../formats/metadata.ts'
import { dictOf, listOf, parseIni, type Ini } from '../../../formats/ini.ts'
import { parseAddresses } from './people.ts'
import { assignedText, readmeTypeOf, type ProjectFiles } from './project-files.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import { canonicalSpecifiers } from './specifiers.ts'
import type { Person, Stated, Statement } from './statement.ts'

/**
 * setup.cfg's `[metadata]`, `[options]` and their sections (setuptools, "Configuring setuptools using setup.cfg
 * files"), with the older spellings of distutils and pbr.
 *
 * @param firm no code beside it can change what it says
 */
export async function fromSetupCfg(text: string, files: ProjectFiles, firm: boolean): Promise<Statement> {
  const ini = parseIni(text)
  const metadata = lowered(ini, 'metadata')
  const options = lowered(ini, 'options')
  const statement: Statement = {}
  const state = <T>(value: T, ...from: string[]): Stated<T> => ({ value, firm, from: ['setup.cfg', ...from] })
  const named = async (key: string): Promise<string | undefined> =>
    (await directive(metadata.get(key), files)).text
  const name = metadata.get('name')?.trim()
  if (name !== undefined) statement.name = state(name)
  const version = await versionOf(metadata.get('version'), files, options)
  if (version !== undefined) statement.version = { ...state(version), firm: false }
  const summary = (await named('description')) ?? (await named('summary'))
  if (summary !== undefined) statement.summary = state(summary)
  await readme(metadata, files, statement, state)
  const licenses = [await named('license'), metadata.get('license_expression')].filter(
    (each) => each !== undefined
  )
  if (licenses.length > 0) statement.license = state(licenses)
  const authors = people(metadata, 'author')
  if (authors.length > 0) statement.authors = state(authors)
  const maintainers = people(metadata, 'maintainer')
  if (maintainers.length > 0) statement.maintainers = state(maintainers)
  const keywords = await named('keywords')
  if (keywords !== undefined) statement.keywords = state(listOf(keywords))
  const classifiers = (await named('classifiers')) ?? (await named('classifier'))
  if (classifiers !== undefined) statement.classifiers = state(listOf(classifiers))
  const platforms = metadata.get('platforms') ?? metadata.get('platform')
  if (platforms !== undefined) statement.platforms = state(listOf(platforms))
  const relations = [
    'provides',
    'requires',
    'obsoletes',
    'provides_dist',
    'obsoletes_dist',
    'requires_external'
  ]
  const stated = relations.flatMap((key) => listOf(metadata.get(key) ?? ''))
  if (stated.length > 0) statement.otherRelations = state(stated)
  const urls = urlsOf(metadata)
  if (urls.length > 0) statement.urls = state(urls)
  const python =
    options.get('python_requires') ?? metadata.get('requires_python') ?? metadata.get('python_requires')
  if (python !== undefined) statement.requiresPython = state([canonicalSpecifiers(python)])
  await requirements(ini, options, files, statement, state)
  const points = await entryPoints(ini, options, files)
  if (points !== undefined && points.size > 0) statement.entryPoints = state(points)
  const links = options.get('dependency_links')
  if (links !== undefined) statement.dependencyLinks = state(listOf(links))
  const namespaces = options.get('namespace_packages') ?? lowered(ini, 'files').get('namespace_packages')
  if (namespaces !== undefined) statement.namespacePackages = state(listOf(namespaces))
  return statement
}

type State = <T>(value: T, ...from: string[]) => Stated<T>

/** Keys in lower case with `_`, as setuptools compares them. */
function lowered(ini: Ini, section: string): Map<string, string> {
  return new Map(
    [...(ini.get(section) ?? [])].map(([key, value]) => [key.toLowerCase().replaceAll('-', '_'), value])
  )
}

/** A value, or the content of the files that it names with `file:`. */
async function directive(
  value: string | undefined,
  files: ProjectFiles
): Promise<{ text?: string; paths: string[] }> {
  const list = /^\s*file:(.*)$/s.exec(value ?? '')?.[1]
  if (value === undefined) return { paths: [] }
  if (list === undefined) return { text: value, paths: [] }
  const paths = listOf(list.trim())
  const texts = await Promise.all(paths.map((path) => files.text(path)))
  const known = texts.filter((text) => text !== undefined)
  return known.length === 0 ? { paths } : { text: known.join('\n'), paths }
}

async function versionOf(
  value: string | undefined,
  files: ProjectFiles,
  options: ReadonlyMap<string, string>
): Promise<string | undefined> {
  const place = /^\s*attr:(.*)$/s.exec(value ?? '')?.[1]?.trim()
  if (place === undefined) return (await directive(value, files)).text?.trim()
  const folders = dictOf(options.get('package_dir') ?? '').map(([, folder]) => folder)
  return assignedText(files, place, folders)
}

async function readme(
  metadata: ReadonlyMap<string, string>,
  files: ProjectFiles,
  statement: Statement,
  state: State
): Promise<void> {
  const older = metadata.get('description_file') ?? metadata.get('readme')
  const value = metadata.get('long_description') ?? (older === undefined ? undefined : `file:${older}`)
  const { text, paths } = await directive(value, files)
  if (text !== undefined) statement.readme = state([text, text.replaceAll('\n\n', '\n')], ...paths)
  const type =
    metadata.get('long_description_content_type') ??
    metadata.get('description_content_type') ??
    (older === undefined ? undefined : readmeTypeOf(paths[0] ?? ''))
  if (type !== undefined) statement.readmeType = state(type)
}

function people(metadata: ReadonlyMap<string, string>, role: string): Person[] {
  const name = metadata.get(role)?.trim()
  const email = metadata.get(`${role}_email`)?.trim()
  return [
    ...(name === undefined ? [] : [{ name, email: null }]),
    ...(email === undefined ? [] : [{ name: null, email }, ...parseAddresses(email)])
  ]
}

function urlsOf(metadata: ReadonlyMap<string, string>): [string, string][] {
  const home = (metadata.get('url') ?? metadata.get('home_page'))?.trim()
  const download = metadata.get('download_url')?.trim()
  return [
    ...(home === undefined ? [] : ([['Homepage', home]] as [string, string][])),
    ...(download === undefined ? [] : ([['Download', download]] as [string, string][])),
    ...dictOf(metadata.get('project_urls') ?? metadata.get('project_url') ?? '')
  ]
}

async function requirements(
  ini: Ini,
  options: ReadonlyMap<string, string>,
  files: ProjectFiles,
  statement: Statement,
  state: State
): Promise<void> {
  const install = await directive(options.get('install_requires') ?? options.get('requires'), files)
  const metadata = lowered(ini, 'metadata')
  const older = metadata.get('requires_dist')
  const plain = parsed(install.text ?? older, install.paths.length > 0)
  if (plain !== undefined) statement.dependencies = state(plain, ...install.paths)
  const extras = new Map<string, Requirement[]>()
  let known = true
  const section = [...(ini.get('options.extras_require') ?? ini.get('extras') ?? [])]
  for (const [key, value] of section) {
    const { text, paths } = await directive(value, files)
    const list = parsed(text, paths.length > 0)
    if (list === undefined) known = false
    extras.set(normalizeName(key), list ?? [])
  }
  if (section.length > 0) statement.optionalDependencies = { ...state(extras), firm: known && state(0).firm }
}

/** Requirements, one a line or between semicolons; undefined where one is none. */
function parsed(text: string | undefined, fromFile: boolean): Requirement[] | undefined {
  if (text === undefined) return undefined
  const lines = fromFile ? text.split('\n') : listOf(text, ';')
  const all = lines
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .map(parseRequirement)
  const known = all.filter((each) => each !== undefined)
  return known.length === all.length ? known : undefined
}

async function entryPoints(
  ini: Ini,
  options: ReadonlyMap<string, string>,
  files: ProjectFiles
): Promise<Map<string, ReadonlyMap<string, string>> | undefined> {
  const { text, paths } = await directive(options.get('entry_points'), files)
  if (text !== undefined && paths.length > 0) return new Map(parseIni(text, '='))
  const section = ini.get('options.entry_points') ?? ini.get('entry_points')
  if (section === undefined) return undefined
  return new Map([...section].map(([group, value]) => [group, new Map(dictOf(`${value}\n`))]))
}
