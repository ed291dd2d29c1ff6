import { fromSetupCfg } from './from-setup-cfg.ts'
import { requirementLines } from './from-setuptools-tables.ts'
import type { ProjectFiles } from './project-files.ts'
import { byCode, type ProjectStatement, type Statement } from './statement.ts'
import { asTexts, at, type Table } from './toml-values.ts'

/** What setup.cfg and setup.py say. */
export interface SetupFiles {
  properties: Statement
  /** No code can change it: setup.py is absent, or no more than a call of `setup()`, and pbr takes no part. */
  plain: boolean
  from: string[]
}

export async function readSetupFiles(root: Table, files: ProjectFiles): Promise<SetupFiles> {
  const script = await files.text('setup.py')
  const requires = asTexts(at(root, 'build-system.requires') ?? [])
  const pbr = requires.some((each) => /^(pbr|d2to1)\b/i.test(each)) || /\bpbr\b/.test(script ?? '')
  const plain = (script === undefined || isPlainSetup(script)) && !pbr
  const config = await files.text('setup.cfg')
  const properties = config === undefined ? {} : await fromSetupCfg(config, files, plain)
  if (pbr) await pbrRequirements(properties, files)
  const from = [config === undefined ? [] : ['setup.cfg'], script === undefined ? [] : ['setup.py']].flat()
  return { properties, plain, from: plain ? from : from.reverse() }
}

/** pbr takes the requirements from requirements.txt. */
async function pbrRequirements(properties: Statement, files: ProjectFiles): Promise<void> {
  const requirements = requirementLines((await files.text('requirements.txt')) ?? '')
  if (properties.dependencies === undefined && requirements !== undefined && requirements.length > 0)
    properties.dependencies = byCode(requirements, 'requirements.txt')
}

/** A project without a `[project]` table: setup.cfg is firm where setup.py says nothing. */
export async function fromSetuptools(
  root: Table,
  files: ProjectFiles,
  backend: string
): Promise<ProjectStatement> {
  const { properties, plain, from } = await readSetupFiles(root, files)
  properties.version ??= byCode<string>(undefined, 'setup.py')
  const rest = plain && /^setuptools\b/.test(backend) ? 'nothing' : 'code'
  return { properties, rest, from, addsClassifiers: false }
}

/** A setup.py that says nothing: imports of setuptools and `setup()` without arguments. */
export function isPlainSetup(script: string): boolean {
  if (script.length > 20_000) return false
  const lines = script
    .replace(/^(?:\s*#[^\n]*\n)*\s*("""|''')[\s\S]*?\1/, '')
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '')
  const known =
    /^(import setuptools|from setuptools import setup|from __future__ import [\w, ]+|if __name__ == ["']__main__["']:|(setuptools\.)?setup\(\s*\)|["'][^"']*["'])$/
  return lines.every((line) => known.test(line))
}
