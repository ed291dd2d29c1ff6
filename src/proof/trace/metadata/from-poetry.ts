import { normalizeName } from '../../../formats/metadata.ts'
import { bothMarkers, parseMarker, type Marker } from './marker.ts'
import { peopleOf } from './people.ts'
import { poetryRange } from './poetry-constraint.ts'
import { readmeTypeOf, type ProjectFiles } from './project-files.ts'
import { normalExtras, type Requirement } from './requirement.ts'
import { firmly, type Stated, type Statement } from './statement.ts'
import { asTable, asText, asTexts, textEntries, type Table } from './toml-values.ts'

/** Poetry's own keys for addresses, and the labels that it prints for them. */
const urlKeys = [
  ['homepage', 'Homepage'],
  ['repository', 'Repository'],
  ['documentation', 'Documentation']
] as const

/** The `[tool.poetry]` table ("The pyproject.toml file"). */
export async function fromPoetry(poetry: Table, files: ProjectFiles, file: string): Promise<Statement> {
  const statement: Statement = {}
  const name = asText(poetry.name)
  if (name !== undefined) statement.name = firmly(name, file)
  const version = asText(poetry.version)
  if (version !== undefined) statement.version = { value: version, firm: false, from: [file] }
  const summary = asText(poetry.description)
  if (summary !== undefined) statement.summary = firmly(summary, file)
  const license = asText(poetry.license)
  if (license !== undefined) statement.license = firmly([license], file)
  if (poetry.authors !== undefined) statement.authors = firmly(peopleOf(poetry.authors), file)
  if (poetry.maintainers !== undefined) statement.maintainers = firmly(peopleOf(poetry.maintainers), file)
  if (poetry.keywords !== undefined) statement.keywords = firmly(asTexts(poetry.keywords), file)
  statement.classifiers = firmly(asTexts(poetry.classifiers ?? []), file)
  await readme(asTexts(poetry.readme ?? []), files, file, statement)
  const urls = [
    ...urlKeys.flatMap(([key, label]): [string, string][] => {
      const url = asText(poetry[key])
      return url === undefined ? [] : [[label, url]]
    }),
    ...textEntries(poetry.urls)
  ]
  if (urls.length > 0) statement.urls = firmly(urls, file)
  dependencies(poetry, file, statement)
  const points = entryPoints(poetry)
  if (points.size > 0) statement.entryPoints = firmly(points, file)
  return statement
}

async function readme(
  paths: readonly string[],
  files: ProjectFiles,
  file: string,
  statement: Statement
): Promise<void> {
  const texts = await Promise.all(paths.map((path) => files.text(path)))
  const known = texts.filter((text) => text !== undefined)
  if (known.length === 0) return
  statement.readme = firmly([known.join('\n')], file, ...paths)
  statement.readmeType = firmly(readmeTypeOf(paths[0] ?? ''), file)
}

function dependencies(poetry: Table, file: string, statement: Statement): void {
  const table = asTable(poetry.dependencies)
  const python = asText(table.python)
  const range = python === undefined ? undefined : poetryRange(python)
  if (python !== undefined)
    statement.requiresPython = { value: range, firm: range !== undefined, from: [file] }
  const extras = new Map(
    Object.entries(asTable(poetry.extras)).map(([extra, names]) => [
      normalizeName(extra),
      asTexts(names).map(normalizeName)
    ])
  )
  const plain: Requirement[] = []
  const optional = new Map<string, Requirement[]>([...extras.keys()].map((extra) => [extra, []]))
  let firm = true
  for (const [key, value] of Object.entries(table)) {
    if (key === 'python') continue
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    for (const item of list) {
      const requirement = requirementOf(key, item)
      if (requirement === undefined) {
        firm = false
        continue
      }
      const name = normalizeName(key)
      const inExtras = [...extras].filter(([, names]) => names.includes(name)).map(([extra]) => extra)
      if (asTable(item).optional === true || inExtras.length > 0)
        for (const extra of inExtras) optional.get(extra)?.push(requirement)
      else plain.push(requirement)
    }
  }
  const state = <T>(value: T): Stated<T> => ({ value, firm, from: [file] })
  statement.dependencies = state(plain)
  if (extras.size > 0) statement.optionalDependencies = state(optional)
}

/** A dependency as a version, or as a table with `version`, `extras`, `python`, `markers`, or an address. */
function requirementOf(key: string, value: unknown): Requirement | undefined {
  const table = asTable(value)
  const version =
    asText(value) ?? asText(table.version) ?? (asText(table.url) === undefined ? undefined : '*')
  const range = version === undefined ? undefined : poetryRange(version)
  if (range === undefined) return undefined
  const python = asText(table.python)
  const pythonRange = python === undefined ? undefined : poetryRange(python)
  const written = asText(table.markers)
  const marker = written === undefined ? null : parseMarker(written)
  if (marker === undefined || (python !== undefined && pythonRange === undefined)) return undefined
  const byPython: Marker | null = pythonRange === undefined ? null : { kind: 'python', range: pythonRange }
  return {
    name: normalizeName(key),
    extras: normalExtras(asTexts(table.extras ?? [])),
    range,
    url: asText(table.url) ?? null,
    marker: bothMarkers(marker, byPython)
  }
}

function entryPoints(poetry: Table): Map<string, ReadonlyMap<string, string>> {
  const scripts = Object.entries(asTable(poetry.scripts)).flatMap(([name, value]): [string, string][] => {
    const { callable, reference, type } = asTable(value)
    const target = asText(value) ?? asText(callable) ?? (type === 'file' ? undefined : asText(reference))
    return target === undefined ? [] : [[name, target]]
  })
  const groups: [string, [string, string][]][] = [
    ['console_scripts', scripts],
    ...Object.entries(asTable(poetry.plugins)).map(([group, points]): [string, [string, string][]] => [
      group,
      textEntries(points)
    ])
  ]
  return new Map(
    groups.filter(([, points]) => points.length > 0).map(([group, points]) => [group, new Map(points)])
  )
}
