import { normalizeName } from '../../../formats/metadata.ts'
import { peopleOf } from './people.ts'
import { readmeTypeOf, type ProjectFiles } from './project-files.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import { canonicalSpecifiers } from './specifiers.ts'
import { byCode, firmly, type PropertyName, type Statement, type Stated } from './statement.ts'
import { asTable, asText, asTexts, textEntries, type Table } from './toml-values.ts'

/** Keys of `[project]` by the property that they state; `dynamic` names the same keys. */
const keys: Readonly<Record<string, readonly PropertyName[]>> = {
  name: ['name'],
  version: ['version'],
  description: ['summary'],
  readme: ['readme', 'readmeType'],
  'requires-python': ['requiresPython'],
  license: ['license'],
  authors: ['authors'],
  maintainers: ['maintainers'],
  keywords: ['keywords'],
  classifiers: ['classifiers'],
  urls: ['urls'],
  scripts: ['entryPoints'],
  'gui-scripts': ['entryPoints'],
  'entry-points': ['entryPoints'],
  dependencies: ['dependencies'],
  'optional-dependencies': ['optionalDependencies'],
  'import-names': ['importNames'],
  'import-namespaces': ['importNames']
}

/** The `[project]` table of pyproject.toml (PEP 621, 639): what it gives is firm, what it calls dynamic is code's. */
export async function fromProjectTable(
  project: Table,
  files: ProjectFiles,
  file: string
): Promise<Statement> {
  const statement: Statement = {}
  const put = <Name extends PropertyName>(name: Name, value: Statement[Name]): void => {
    if (value !== undefined) statement[name] = value
  }
  put('name', stated(asText(project.name), file))
  put('version', stated(asText(project.version), file))
  put('summary', stated(asText(project.description), file))
  const readme = await readmeOf(project.readme, files, file)
  put('readme', readme.text)
  put('readmeType', readme.type)
  put('license', await licenseOf(project, files, file))
  const python = asText(project['requires-python'])
  put('requiresPython', stated(python === undefined ? undefined : [canonicalSpecifiers(python)], file))
  put('authors', listed(project.authors, peopleOf, file))
  put('maintainers', listed(project.maintainers, peopleOf, file))
  put('keywords', listed(project.keywords, asTexts, file))
  put('classifiers', listed(project.classifiers, asTexts, file))
  put('urls', listed(project.urls, textEntries, file))
  put('dependencies', requirementsOf(project.dependencies, file))
  put('optionalDependencies', extrasOf(project['optional-dependencies'], file))
  const points = entryPointsOf(project)
  put('entryPoints', points.size > 0 ? firmly(points, file) : undefined)
  const names = [...asTexts(project['import-names'] ?? []), ...asTexts(project['import-namespaces'] ?? [])]
  put('importNames', names.length > 0 ? firmly(names, file) : undefined)
  for (const key of asTexts(project.dynamic ?? []))
    for (const name of keys[key] ?? []) leaveToCode(statement, name, file)
  return statement
}

/** What is dynamic is said by code; a value that is given all the same (as some backends allow) may be changed by it. */
function leaveToCode(statement: Statement, name: PropertyName, file: string): void {
  const before = statement[name]
  Object.assign(statement, { [name]: byCode<unknown>(before?.value, ...(before?.from ?? [file])) })
}

function stated<T>(value: T | undefined, file: string): Stated<T> | undefined {
  return value === undefined ? undefined : firmly(value, file)
}

function listed<T>(value: unknown, read: (value: unknown) => T, file: string): Stated<T> | undefined {
  return value === undefined ? undefined : firmly(read(value), file)
}

async function readmeOf(
  value: unknown,
  files: ProjectFiles,
  file: string
): Promise<{ text?: Stated<readonly string[]>; type?: Stated<string> }> {
  if (value === undefined) return {}
  const table = asTable(value)
  const path = asText(value) ?? asText(table.file)
  const type = asText(table['content-type']) ?? readmeTypeOf(path ?? '')
  const text = asText(table.text) ?? (path === undefined ? undefined : await files.text(path))
  const from = path === undefined ? [file] : [file, path]
  return {
    text: text === undefined ? byCode<readonly string[]>(undefined, ...from) : firmly([text], ...from),
    type: firmly(type, file)
  }
}

async function licenseOf(
  project: Table,
  files: ProjectFiles,
  file: string
): Promise<Stated<readonly string[]> | undefined> {
  // The draft of PEP 639 had the expression in a key of its own.
  const value = project.license ?? project['license-expression']
  if (value === undefined) return undefined
  const table = asTable(value)
  const path = asText(table.file)
  const text = path === undefined ? undefined : await files.text(path)
  const texts = [asText(value), asText(table.text), asText(table.expression), text, path]
  return firmly(
    texts.filter((each) => each !== undefined),
    ...(path === undefined ? [file] : [file, path])
  )
}

/** Requirements that are none leave the property to the backend. */
export function requirementsOf(value: unknown, file: string): Stated<readonly Requirement[]> | undefined {
  if (value === undefined) return undefined
  const parsed = asTexts(value).map(parseRequirement)
  const known = parsed.filter((each) => each !== undefined)
  return known.length === parsed.length ? firmly(known, file) : byCode(known, file)
}

function extrasOf(
  value: unknown,
  file: string
): Stated<ReadonlyMap<string, readonly Requirement[]>> | undefined {
  if (value === undefined) return undefined
  const extras = new Map<string, readonly Requirement[]>()
  let firm = true
  for (const [name, list] of Object.entries(asTable(value))) {
    const requirements = requirementsOf(list, file)
    firm &&= requirements?.firm === true
    extras.set(normalizeName(name), requirements?.value ?? [])
  }
  return { value: extras, firm, from: [file] }
}

/** Scripts and entry points by group, as `entry_points.txt` has them. */
export function entryPointsOf(project: Table): Map<string, ReadonlyMap<string, string>> {
  const groups: [string, [string, string][]][] = [
    ['console_scripts', textEntries(project.scripts)],
    ['gui_scripts', textEntries(project['gui-scripts'])],
    ...Object.entries(asTable(project['entry-points'])).map(
      ([group, points]): [string, [string, string][]] => [group, textEntries(points)]
    )
  ]
  return new Map(
    groups.filter(([, points]) => points.length > 0).map(([group, points]) => [group, new Map(points)])
  )
}
