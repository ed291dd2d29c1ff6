import { parse } from 'smol-toml'
import { parseIni } from '../formats/ini.ts'
import { normalizeName } from '../formats/metadata.ts'
import { TagproofError } from '../platform/errors.ts'
import { requirementName } from './pip-report.ts'

/** The files in which a project states what it needs at run time. */
export interface ProjectTexts {
  /** Folder of the project in the tree, with a slash behind it, or empty. */
  folder: string
  pyproject: string | null
  setupCfg: string | null
  setupPy: string | null
}

/** What a project states without any of its code running. */
export interface StatedDependencies {
  /** Normalised; null where the project does not state it. */
  name: string | null
  /** The place that states them, such as `project.dependencies`; null where only code could tell. */
  by: string | null
  requirements: string[]
}

type Table = Readonly<Record<string, unknown>>

/**
 * What the wheel of a project will ask for (`Requires-Dist`), as far as the tree states it: `[project]` of
 * `pyproject.toml`, or `[options]` of `setup.cfg` where `setup.py` adds nothing. Pure.
 *
 * @throws TagproofError `config-invalid` for an extra that the project does not have
 */
export function statedDependencies(texts: ProjectTexts, extras: readonly string[]): StatedDependencies {
  const project = tableOf(tomlOf(texts.pyproject).project)
  if (Object.keys(project).length > 0) return fromProject(project, extras)
  const options = texts.setupCfg === null ? undefined : parseIni(texts.setupCfg)
  const name = options?.get('metadata')?.get('name') ?? null
  const known = { name: name === null ? null : normalizeName(name) }
  const settings = options?.get('options')
  const bySetup = (key: string): boolean => texts.setupPy?.includes(key) === true
  if (settings?.has('install_requires') !== true || bySetup('install_requires')) return unknown(known.name)
  const needed = extras.length > 0 && bySetup('extras_require')
  const list = listOf(settings.get('install_requires'))
  if (needed || list === null) return unknown(known.name)
  const optional = options?.get('options.extras_require') ?? new Map<string, string>()
  const groups = new Map([...optional].map(([extra, text]) => [normalizeName(extra), listOf(text) ?? []]))
  return {
    ...known,
    by: 'setup.cfg: install_requires',
    requirements: withExtras(known.name, list, groups, extras)
  }
}

function fromProject(project: Table, extras: readonly string[]): StatedDependencies {
  const name = typeof project.name === 'string' ? normalizeName(project.name) : null
  const dynamic = textsOf(project.dynamic)
  const isUnknown =
    dynamic.includes('dependencies') || (extras.length > 0 && dynamic.includes('optional-dependencies'))
  if (isUnknown) return unknown(name)
  const groups = new Map(
    Object.entries(tableOf(project['optional-dependencies'])).map(([extra, list]) => [
      normalizeName(extra),
      textsOf(list)
    ])
  )
  return {
    name,
    by: 'project.dependencies',
    requirements: withExtras(name, textsOf(project.dependencies), groups, extras)
  }
}

/** An extra may name the project itself with other extras: then these are meant. */
function withExtras(
  name: string | null,
  plain: readonly string[],
  groups: ReadonlyMap<string, readonly string[]>,
  extras: readonly string[]
): string[] {
  const found = new Set(plain)
  const wanted = extras.map(normalizeName)
  for (const extra of wanted) {
    const list = groups.get(extra)
    if (list === undefined)
      throw new TagproofError('config-invalid', `The project has no extra ${extra}.`, {
        where: 'extras',
        expected: groups.size === 0 ? 'none: the project has no extras' : [...groups.keys()].join(', '),
        fix: 'Correct `extras` of the target in .github/tagproof.yml.'
      })
    for (const requirement of list)
      if (name === null || requirementName(requirement) !== name) found.add(requirement)
      else
        for (const other of (/\[([^\]]*)\]/.exec(requirement)?.[1] ?? '').split(','))
          if (!wanted.includes(normalizeName(other.trim()))) wanted.push(normalizeName(other.trim()))
  }
  return [...found]
}

function unknown(name: string | null): StatedDependencies {
  return { name, by: null, requirements: [] }
}

/** A list of `setup.cfg`; null for `file:` and the like, which name something else. */
function listOf(text: string | undefined): string[] | null {
  if (text === undefined) return []
  if (/^\s*(file|attr)\s*:/.test(text)) return null
  return text
    .split(text.includes('\n') ? '\n' : ';')
    .map((line) => line.replace(/(^|\s+)#.*$/, '').trim())
    .filter((line) => line !== '')
}

function tomlOf(text: string | null): Table {
  try {
    return text === null ? {} : parse(text)
  } catch {
    // Whoever reads build-system from it says what is wrong.
    return {}
  }
}

function tableOf(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {}
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
