import { fromCargo } from './from-cargo.ts'
import { fromPoetry } from './from-poetry.ts'
import { readSetupFiles } from './from-setuptools.ts'
import { fromSetuptoolsTables } from './from-setuptools-tables.ts'
import type { ProjectFiles } from './project-files.ts'
import { byCode, type PropertyName, type Stated, type Statement } from './statement.ts'
import { asTable, at, type Table } from './toml-values.ts'

/**
 * What else the backend of a project with a `[project]` table reads: it fills what the table leaves to it, and what
 * the table has no key for.
 */
export async function besideProjectTable(
  root: Table,
  declared: Statement,
  files: ProjectFiles,
  backend: string
): Promise<Statement> {
  // The backend of maturin itself is its own.
  const rust = at(root, 'build-system.backend-path') !== undefined && files.has('Cargo.toml')
  if (/^maturin\b/.test(backend) || rust) return besideMaturin(declared, await fromCargo(root, files))
  if (/^poetry\b/.test(backend))
    return besidePoetry(declared, await fromPoetry(asTable(at(root, 'tool.poetry')), files, 'pyproject.toml'))
  // A backend of the project's own may wrap setuptools.
  if (
    /^(setuptools|pbr)\b/.test(backend) ||
    at(root, 'tool.setuptools') !== undefined ||
    files.has('setup.py')
  )
    return besideSetuptools(root, declared, files)
  return {}
}

/** Maturin prints the addresses and the licence of Cargo.toml beside those of `[project]`. */
function besideMaturin(declared: Statement, cargo: Statement): Statement {
  const filled = Object.entries(cargo).filter(([name]) => declared[name as PropertyName]?.value === undefined)
  const joined = (
    one: Stated<readonly string[]>,
    other: Stated<readonly string[]>
  ): Stated<readonly string[]> => ({
    value: [...(one.value ?? []), ...(other.value ?? [])],
    firm: one.firm,
    from: [...one.from, ...other.from]
  })
  const both: Statement = {}
  if (declared.license !== undefined && cargo.license !== undefined)
    both.license = joined(declared.license, cargo.license)
  if (declared.urls !== undefined && cargo.urls !== undefined)
    both.urls = {
      value: [...(declared.urls.value ?? []), ...(cargo.urls.value ?? [])],
      firm: declared.urls.firm,
      from: [...declared.urls.from, ...cargo.urls.from]
    }
  return { ...Object.fromEntries(filled), ...both }
}

/** What `[project]` calls dynamic stands in `[tool.poetry]`. */
function besidePoetry(declared: Statement, poetry: Statement): Statement {
  const dynamic = Object.entries(poetry).filter(([name]) => declared[name as PropertyName]?.firm === false)
  const python = declared.requiresPython === undefined ? poetry.requiresPython : undefined
  const parts: Statement = Object.fromEntries(dynamic)
  return python === undefined ? parts : { requiresPython: python, ...parts }
}

/** Properties that `[project]` has no key for: setup.py and setup.cfg may still give them. */
const withoutKey = ['platforms', 'otherRelations', 'dependencyLinks', 'namespacePackages'] as const

async function besideSetuptools(root: Table, declared: Statement, files: ProjectFiles): Promise<Statement> {
  const setup = await readSetupFiles(root, files)
  const tables = await fromSetuptoolsTables(root, declared, files, 'pyproject.toml')
  const dynamic = Object.entries(setup.properties).filter(
    ([name]) =>
      declared[name as PropertyName]?.firm === false && declared[name as PropertyName]?.value === undefined
  )
  const beside: Statement = { ...Object.fromEntries(dynamic), ...tables }
  for (const name of withoutKey) {
    const stated =
      beside[name] ?? setup.properties[name] ?? (setup.plain ? undefined : byCode(undefined, ...setup.from))
    if (stated !== undefined) Object.assign(beside, { [name]: stated })
  }
  return beside
}
