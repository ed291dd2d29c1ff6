import path from 'node:path'
import { parse, TomlError } from 'smol-toml'
import type { PlanTarget } from '../../documents/plan.ts'
import { TagproofError } from '../../platform/errors.ts'
import { withTemporaryFolder } from '../../platform/files.ts'
import type { Log } from '../../platform/log.ts'
import type { Repository } from '../../source/repository.ts'
import { readTextOf } from '../../source/tree-text.ts'
import type { TreeEntry } from '../../source/tree.ts'
import { runDriver, type DriverRequest } from './driver.ts'

/** What a project says about its build before any of its code has run. */
export interface BuildSystem {
  requires: string[]
  /** `module:object` of PEP 517. */
  backend: string
  /** Folders of an in-tree backend, relative to the project. */
  backendPath: string[]
}

/** PEP 517: what holds where `pyproject.toml` names no backend; `setup.py` projects among them. */
const legacyBackend = 'setuptools.build_meta:__legacy__'
/** PEP 518: what holds where there is no `build-system` table. `wheel` follows from the backend's hook where it needs it. */
const legacyRequires: readonly string[] = ['setuptools>=40.8.0']

/**
 * The `build-system` table of a project, with the defaults of PEP 517 and 518.
 *
 * @param pyproject text of `pyproject.toml`, or null if there is none
 * @param name how the file is called in messages
 * @throws TagproofError `config-invalid` with file and line
 */
export function readBuildSystem(pyproject: string | null, name = 'pyproject.toml'): BuildSystem {
  const table = pyproject === null ? undefined : parseToml(pyproject, name)['build-system']
  if (table === undefined) return { requires: [...legacyRequires], backend: legacyBackend, backendPath: [] }
  if (!isTable(table)) throw invalid(name, 'build-system', table, 'a table')
  if (table.requires === undefined)
    throw invalid(name, 'build-system.requires', undefined, 'a list of requirements (PEP 518 demands it)')
  const backend = table['build-backend'] ?? legacyBackend
  if (typeof backend !== 'string' || !/^[A-Za-z_][\w.]*(:[A-Za-z_][\w.]*)?$/.test(backend))
    throw invalid(name, 'build-system.build-backend', backend, 'module or module:object (PEP 517)')
  return {
    requires: stringList(table.requires, 'build-system.requires', name),
    backend,
    backendPath: stringList(table['backend-path'] ?? [], 'build-system.backend-path', name)
  }
}

/**
 * The requirements that a target states in the tagged tree.
 *
 * @throws TagproofError `config-invalid` with file and line
 */
export async function staticRequires(
  repository: Repository,
  entries: readonly TreeEntry[],
  target: PlanTarget
): Promise<string[]> {
  const pyproject = await targetPyproject(repository, entries, target)
  return readBuildSystem(pyproject, pyprojectOf(target)).requires
}

/**
 * Name and version that `[project]` states (PEP 621), or `[tool.poetry]`; null where neither is there. A version that
 * the build computes is null.
 *
 * @throws TagproofError `config-invalid` with file and line
 */
export async function statedProject(
  repository: Repository,
  entries: readonly TreeEntry[],
  target: PlanTarget
): Promise<{ name: string | null; version: string | null } | null> {
  const pyproject = await targetPyproject(repository, entries, target)
  if (pyproject === null) return null
  const { project, tool } = parseToml(pyproject, pyprojectOf(target))
  const table = isTable(project) ? project : isTable(tool) && isTable(tool.poetry) ? tool.poetry : null
  if (table === null) return null
  const { name, version } = table
  return {
    name: typeof name === 'string' ? name : null,
    version: typeof version === 'string' ? version : null
  }
}

/** Text of a target's `pyproject.toml`; null where it has none. */
export async function targetPyproject(
  repository: Repository,
  entries: readonly TreeEntry[],
  target: PlanTarget
): Promise<string | null> {
  return readTextOf(repository, entries, pyprojectOf(target))
}

function pyprojectOf(target: PlanTarget): string {
  return path.posix.join(target.path, 'pyproject.toml')
}

/**
 * What the backend asks for beyond that, once it runs: its hooks are called in world a, with no network.
 *
 * @param request `environment` holds the static requirements
 * @returns requirements by the name of the hook, sorted; hooks that ask for nothing are left out
 * @throws TagproofError as {@link runDriver}
 */
export async function dynamicRequires(
  request: Omit<DriverRequest, 'world' | 'folder' | 'onLine'> & { log: Log }
): Promise<Record<string, string[]>> {
  const progress = request.log.begin(`ask the backend of ${request.target.name}`)
  try {
    const { result } = await withTemporaryFolder('tagproof-requires', (folder) =>
      runDriver('requires', { ...request, world: 'a', folder, onLine: (line) => progress.line(line) })
    )
    progress.done(result.requires.length === 0 ? 'nothing more' : result.requires.join(', '))
    return result.hooks ?? {}
  } catch (error) {
    progress.failed()
    throw error
  }
}

function parseToml(text: string, name: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    const line = error instanceof TomlError ? `:${error.line}` : ''
    throw new TagproofError('config-invalid', `${name} is not TOML.`, {
      where: `${name}${line}`,
      found: (error as Error).message.split('\n')[0] ?? '',
      fix: 'Correct the file; pip and build cannot read it either.',
      cause: error
    })
  }
}

function stringList(value: unknown, key: string, name: string): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw invalid(name, key, value, 'a list of strings')
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(name: string, key: string, found: unknown, expected: string): TagproofError {
  return new TagproofError('config-invalid', `${name} has an unusable ${key}.`, {
    where: name,
    found: found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 200),
    expected,
    fix: 'Correct the file; see the packaging guide, "Declaring build system dependencies".'
  })
}
