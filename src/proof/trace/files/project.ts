import type { TraceContext } from '../generator.ts'
import { parseIni, type Ini } from '../../../formats/ini.ts'
import { parseToml, type Table } from '../metadata/toml-values.ts'

/** What a project says about its build in the tagged tree; empty where it says nothing. */
export interface ProjectConfiguration {
  pyproject: Table
  setupCfg: Ini
  /** Text of `setup.py`, which is never run here. */
  setupPy: string
  /** `hatch.toml`, which holds what would stand under `tool.hatch`. */
  hatch: Table
}

const known = new WeakMap<TraceContext, Promise<ProjectConfiguration>>()

/** Reads the configuration of the target once per trace. */
export function projectConfiguration(context: TraceContext): Promise<ProjectConfiguration> {
  const held = known.get(context)
  if (held !== undefined) return held
  const reading = read(context)
  known.set(context, reading)
  return reading
}

async function read({ tree, folder }: TraceContext): Promise<ProjectConfiguration> {
  const text = async (name: string): Promise<string> =>
    (await tree.read(folder + name))?.toString('utf8') ?? ''
  return {
    pyproject: parseToml(await text('pyproject.toml')),
    setupCfg: parseIni(await text('setup.cfg')),
    setupPy: await text('setup.py'),
    hatch: parseToml(await text('hatch.toml'))
  }
}
