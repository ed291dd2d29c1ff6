import type { TraceContext } from '../generator.ts'
import { besideProjectTable } from './beside-project-table.ts'
import { fromCargo } from './from-cargo.ts'
import { fromFlit } from './from-flit.ts'
import { fromPoetry } from './from-poetry.ts'
import { fromProjectTable } from './from-project-table.ts'
import { fromSetuptools } from './from-setuptools.ts'
import { projectFiles, type ProjectFiles } from './project-files.ts'
import type { ProjectStatement } from './statement.ts'
import { asTable, asText, at, parseToml } from './toml-values.ts'

const kept = new WeakMap<TraceContext, Promise<ProjectStatement>>()

/** What the tagged tree says of the project, read once for each artifact. */
export function projectStatement(context: TraceContext): Promise<ProjectStatement> {
  const known = kept.get(context) ?? readStatement(projectFiles(context))
  kept.set(context, known)
  return known
}

/**
 * Reads pyproject.toml, and what its backend reads beside it: setup.cfg and setup.py, or the tables of Poetry and
 * Flit, or Cargo.toml.
 */
export async function readStatement(files: ProjectFiles): Promise<ProjectStatement> {
  const file = 'pyproject.toml'
  const root = parseToml((await files.text(file)) ?? '')
  const backend = asText(at(root, 'build-system.build-backend')) ?? 'setuptools.build_meta'
  const poetry = asTable(at(root, 'tool.poetry'))
  const project = root.project
  if (project !== undefined) {
    const declared = await fromProjectTable(asTable(project), files, file)
    const beside = await besideProjectTable(root, declared, files, backend)
    // Poetry adds classifiers where they are dynamic, or not given at all.
    const addsClassifiers = /^poetry\b/.test(backend) && declared.classifiers?.firm !== true
    return { properties: { ...declared, ...beside }, rest: 'nothing', from: [file], addsClassifiers }
  }
  if (Object.keys(poetry).length > 0 && !/^setuptools\b/.test(backend))
    return {
      properties: await fromPoetry(poetry, files, file),
      rest: 'nothing',
      from: [file],
      addsClassifiers: true
    }
  const flit = asTable(at(root, 'tool.flit'))
  if (flit.metadata !== undefined)
    return {
      properties: await fromFlit(flit, files, file),
      rest: 'nothing',
      from: [file],
      addsClassifiers: false
    }
  if (backend === 'maturin')
    return {
      properties: await fromCargo(root, files),
      rest: 'nothing',
      from: ['Cargo.toml'],
      addsClassifiers: false
    }
  return fromSetuptools(root, files, backend)
}
