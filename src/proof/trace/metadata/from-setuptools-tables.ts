import { assignedText, readmeTypeOf, type ProjectFiles } from './project-files.ts'
import { parseRequirement } from './requirement.ts'
import { canonicalSpecifiers } from './specifiers.ts'
import { byCode, firmly, type Statement } from './statement.ts'
import { asTable, asText, asTexts, at, textEntries, type Table } from './toml-values.ts'
import { listOf } from '../../../formats/ini.ts'
import { normalizeName } from '../../../formats/metadata.ts'

/**
 * What `[tool.setuptools]` adds to a `[project]` table: the dynamic values that are files or attributes of modules
 * (`[tool.setuptools.dynamic]`), platforms, and old relations.
 */
export async function fromSetuptoolsTables(
  root: Table,
  declared: Statement,
  files: ProjectFiles,
  file: string
): Promise<Statement> {
  const statement: Statement = {}
  const dynamic = asTable(at(root, 'tool.setuptools.dynamic'))
  const left = (name: keyof Statement): boolean => declared[name]?.firm === false
  const version = asTable(dynamic.version)
  const attribute = asText(version.attr)
  if (left('version') && attribute !== undefined)
    statement.version = byCode(await assignedText(files, attribute, packageFolders(root)), file)
  for (const [key, value] of Object.entries(dynamic)) {
    const paths = asTexts(asTable(value).file ?? [])
    const texts = await Promise.all(paths.map((path) => files.text(path)))
    if (paths.length === 0 || texts.includes(undefined)) continue
    const known = texts.filter((text) => text !== undefined)
    const from = [file, ...paths]
    if (key === 'version' && left('version')) statement.version = byCode(known.join('').trim(), ...from)
    if (key === 'readme' && left('readme')) {
      statement.readme = firmly([known.join('\n')], ...from)
      statement.readmeType = firmly(
        asText(asTable(value)['content-type']) ?? readmeTypeOf(paths[0] ?? ''),
        file
      )
    }
    if (key === 'description' && left('summary')) statement.summary = firmly(known.join('\n').trim(), ...from)
    if (key === 'requires-python' && left('requiresPython'))
      statement.requiresPython = firmly([canonicalSpecifiers(known.join(''))], ...from)
    if (key === 'classifiers' && left('classifiers'))
      statement.classifiers = firmly(listOf(`${known.join('\n')}\n`), ...from)
    if (key === 'keywords' && left('keywords')) statement.keywords = firmly(listOf(known.join('\n')), ...from)
    if (key === 'dependencies' && left('dependencies')) {
      const requirements = requirementLines(known.join('\n'))
      if (requirements !== undefined) statement.dependencies = firmly(requirements, ...from)
    }
  }
  const extras = await dynamicExtras(asTable(dynamic['optional-dependencies']), files)
  if (left('optionalDependencies') && extras !== undefined)
    statement.optionalDependencies = firmly(extras.extras, file, ...extras.from)
  const setuptools = asTable(at(root, 'tool.setuptools'))
  if (setuptools.platforms !== undefined) statement.platforms = firmly(asTexts(setuptools.platforms), file)
  const relations = [...asTexts(setuptools.provides ?? []), ...asTexts(setuptools.obsoletes ?? [])]
  if (relations.length > 0) statement.otherRelations = firmly(relations, file)
  const namespaces = asTexts(setuptools['namespace-packages'] ?? [])
  if (namespaces.length > 0) statement.namespacePackages = firmly(namespaces, file)
  return statement
}

/** Folders that hold packages, of `package-dir` and `packages.find.where`. */
function packageFolders(root: Table): string[] {
  const named = textEntries(at(root, 'tool.setuptools.package-dir')).map(([, folder]) => folder)
  return [...named, ...asTexts(at(root, 'tool.setuptools.packages.find.where') ?? [])]
}

/** Lines of a requirements file in the subset that setuptools takes: no options; undefined if there are any. */
export function requirementLines(
  text: string
): NonNullable<ReturnType<typeof parseRequirement>>[] | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
  const parsed = lines.map(parseRequirement)
  const known = parsed.filter((each) => each !== undefined)
  return known.length === parsed.length ? known : undefined
}

async function dynamicExtras(
  table: Table,
  files: ProjectFiles
): Promise<
  { extras: Map<string, NonNullable<ReturnType<typeof requirementLines>>>; from: string[] } | undefined
> {
  const extras = new Map<string, NonNullable<ReturnType<typeof requirementLines>>>()
  const from: string[] = []
  for (const [name, value] of Object.entries(table)) {
    const paths = asTexts(asTable(value).file ?? [])
    const texts = await Promise.all(paths.map((path) => files.text(path)))
    const requirements = texts.includes(undefined) ? undefined : requirementLines(texts.join('\n'))
    if (requirements === undefined) return undefined
    extras.set(normalizeName(name), requirements)
    from.push(...paths)
  }
  return extras.size > 0 ? { extras, from } : undefined
}
