import { parse } from 'smol-toml'
import { parseIni } from '../formats/ini.ts'

/** What a project's static metadata names, relative to the project. */
export interface NamedByMetadata {
  /** Files whose text goes into the metadata or drives the build. */
  files: string[]
  /** Dotted modules that give a value, such as the version, or are the backend. */
  modules: string[]
}

type Take = 'files' | 'modules'
interface KeyRule {
  /** Dotted place in pyproject.toml; `*` is any key or list position. */
  key: string
  take: Take
}

/**
 * Keys of pyproject.toml that name a file by right. A key that is not listed names nothing: otherwise any line of
 * any table could take a file out of scrambling. Lists of packages are not here: a package that is only copied
 * may be scrambled, even one that is called `docs`. Flit and others read the module of the project's name.
 */
const pyprojectKeys: readonly KeyRule[] = [
  { key: 'project.readme', take: 'files' },
  { key: 'project.readme.file', take: 'files' },
  { key: 'project.license.file', take: 'files' },
  { key: 'project.license-files.*', take: 'files' },
  { key: 'project.name', take: 'modules' },
  { key: 'tool.setuptools.dynamic.*.file', take: 'files' },
  { key: 'tool.setuptools.dynamic.*.file.*', take: 'files' },
  { key: 'tool.setuptools.dynamic.*.*.file', take: 'files' },
  { key: 'tool.setuptools.dynamic.*.*.file.*', take: 'files' },
  { key: 'tool.setuptools.dynamic.*.attr', take: 'modules' },
  { key: 'tool.setuptools.license-files.*', take: 'files' },
  { key: 'tool.setuptools.script-files.*', take: 'files' },
  { key: 'tool.setuptools.ext-modules.*.sources.*', take: 'files' },
  { key: 'tool.setuptools.ext-modules.*.depends.*', take: 'files' },
  { key: 'tool.hatch.version.path', take: 'files' },
  { key: 'tool.hatch.version.regex.path', take: 'files' },
  { key: 'tool.hatch.metadata.hooks.*.path', take: 'files' },
  { key: 'tool.hatch.metadata.hooks.*.fragments.*.path', take: 'files' },
  { key: 'tool.hatch.build.hooks.*.path', take: 'files' },
  { key: 'tool.hatch.build.targets.*.hooks.*.path', take: 'files' },
  { key: 'tool.flit.module.name', take: 'modules' },
  { key: 'tool.flit.metadata.module', take: 'modules' },
  { key: 'tool.flit.metadata.description-file', take: 'files' },
  { key: 'tool.pdm.version.path', take: 'files' },
  { key: 'tool.pdm.build.custom-hook', take: 'files' },
  { key: 'tool.poetry.readme', take: 'files' },
  { key: 'tool.poetry.readme.*', take: 'files' },
  { key: 'tool.poetry.build', take: 'files' },
  { key: 'tool.poetry.build.script', take: 'files' },
  { key: 'tool.scikit-build.metadata.version.input', take: 'files' },
  { key: 'build-system.build-backend', take: 'modules' }
]

/** Reads pyproject.toml; a text that is no TOML names nothing, and the build will say so. */
export function namedByPyproject(text: string): NamedByMetadata {
  const named: NamedByMetadata = { files: [], modules: [] }
  let root: unknown
  try {
    root = parse(text)
  } catch {
    return named
  }
  for (const rule of pyprojectKeys) named[rule.take].push(...valuesAt(root, rule.key.split('.')))
  const backendPath = valuesAt(root, ['build-system', 'backend-path', '*'])
  // An in-tree backend lies below its own search path, not below the project.
  named.modules.push(...named.modules.flatMap((name) => backendPath.map((folder) => `${folder}/${name}`)))
  return named
}

/**
 * `version`, `long_description` and the like as `file:` or `attr:`, and the keys that are file lists themselves: setup
 * scripts of their own have read `long_description_file` so before there was `file:`.
 */
export function namedBySetupCfg(text: string): NamedByMetadata {
  const named: NamedByMetadata = { files: [], modules: [] }
  for (const [key, value] of settings(text)) {
    const directive = /^(file|attr):\s*(.*)$/s.exec(value)
    if (directive?.[1] === 'file') named.files.push(...listed(directive[2] ?? ''))
    else if (directive?.[1] === 'attr') named.modules.push(...listed(directive[2] ?? ''))
    else if (/^(license[_-]files?|(long[_-])?description[_-]file|readme|scripts)$/.test(key))
      named.files.push(...listed(value))
  }
  return named
}

/**
 * The sources of extension modules that a setup script names, as `tool.setuptools.ext-modules` does: C, C++ and Cython,
 * by their path or its end, since folders are often put before it in a variable.
 *
 * @param paths of the files of the project
 */
export function namedBySetupScript(text: string, paths: readonly string[]): string[] {
  const literals = new Set([...text.matchAll(/(["'])([^"'\\\n]{1,300})\1/g)].map((match) => match[2] ?? ''))
  return paths.filter(
    (path) =>
      /\.(c|cc|cpp|cxx|h|hh|hpp|pyx|pxd|pxi)$/.test(path) && tailsOf(path).some((tail) => literals.has(tail))
  )
}

/** `a/b/c`, `b/c`, `c`. */
function tailsOf(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, at) => parts.slice(at).join('/'))
}

/** Files that may hold a module or package: `a.b.c` is `a/b/c.py`, `a/b/c/__init__.py`, or a name inside `a/b`. */
export function moduleFiles(name: string): string[] {
  const dotted = name.split(':')[0] ?? ''
  const slash = dotted.lastIndexOf('/') + 1
  const parts = dotted.slice(slash).split('.')
  return parts.flatMap((_, at) => {
    const stem =
      dotted.slice(0, slash) +
      parts
        .slice(0, at + 1)
        .join('/')
        .replaceAll('-', '_')
    return [`${stem}.py`, `${stem}/__init__.py`, `src/${stem}.py`, `src/${stem}/__init__.py`]
  })
}

function valuesAt(value: unknown, [key, ...rest]: readonly string[]): string[] {
  if (key === undefined) return typeof value === 'string' ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  if (key === '*') return Object.values(value).flatMap((inner) => valuesAt(inner, rest))
  return Object.hasOwn(value, key) ? valuesAt((value as Record<string, unknown>)[key], rest) : []
}

/** The settings of an ini file, whatever their section; keys in lower case. */
function settings(text: string): [string, string][] {
  return [...parseIni(text).values()].flatMap((section) =>
    [...section].map(([key, value]): [string, string] => [key.toLowerCase(), value.trim()])
  )
}

function listed(value: string): string[] {
  return value
    .split(/[\n,]/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
