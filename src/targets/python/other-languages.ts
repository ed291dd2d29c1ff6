import path from 'node:path'
import { parse } from 'smol-toml'
import type { PlanTarget } from '../../documents/plan.ts'
import { normalisedName, requirementName } from '../../lock/pip-report.ts'
import { TagproofError } from '../../platform/errors.ts'

/** What decides whether a build takes packages of another language than Python. */
export interface ProjectShape {
  /** `build-system.requires`. */
  requires: readonly string[]
  /** Paths of tracked files, relative to the project. */
  paths: readonly string[]
  /** Text of `pyproject.toml`, or null. */
  pyproject: string | null
  /** Debian packages that the configuration adds to the root. */
  packages: readonly string[]
}

interface Language {
  what: string
  /** Build requirements that compile or bundle that language. */
  requires: readonly string[]
  /** The file that lists its packages. */
  manifest: string
  /** Debian packages that bring its tools: who names one means to build with what the tree holds. */
  tools: RegExp
  /** How a project can have those packages in its tree. */
  fix: string
}

const languages: readonly Language[] = [
  {
    what: 'crates of Rust',
    requires: ['maturin', 'setuptools-rust', 'puccinialin'],
    manifest: 'Cargo.toml',
    tools: /^(cargo|rustc|rust-all|rustup)(-|$)/,
    fix: 'Where all crates lie in the tree (cargo vendor), name cargo and rustc under `packages:` of the target.'
  },
  {
    what: 'packages of npm',
    requires: ['hatch-jupyter-builder', 'jupyter-packaging', 'setuptools-nodejs'],
    manifest: 'package.json',
    tools: /^(nodejs|npm|yarnpkg)(-|$)/,
    fix: 'Commit what they make, or where all packages lie in the tree name nodejs under `packages:` of the target.'
  }
]

/**
 * Refuses, before anything is fetched, a build that takes packages which no lock can hold yet. A guess from what the
 * project states: a build that hides them fails later, without a network.
 *
 * @throws TagproofError `lock-language`
 */
export function refuseOtherLanguages(target: Pick<PlanTarget, 'name' | 'path'>, shape: ProjectShape): void {
  const names = shape.requires.map((requirement) => requirementName(requirement) ?? '')
  // A hook of hatch asks for its plugin by itself.
  if (jupyterHook(shape) !== undefined) names.push('hatch-jupyter-builder')
  for (const language of languages) {
    const asked = language.requires.find((name) => names.includes(normalisedName(name)))
    const manifest = shape.paths.find((file) => path.posix.basename(file) === language.manifest)
    if (asked === undefined || manifest === undefined) continue
    if (shape.packages.some((name) => language.tools.test(name)) || isBuiltAlready(shape)) continue
    throw new TagproofError(
      'lock-language',
      `The build of ${target.name} takes ${language.what}, which cannot be locked yet.`,
      {
        where: path.posix.join(target.path, manifest),
        found: `the build requirement ${asked}, and ${language.manifest}`,
        expected: 'a build that takes packages of Python and of Debian alone',
        fix: language.fix
      }
    )
  }
}

/** hatch-jupyter-builder builds nothing where the files that it is told of are there. */
function isBuiltAlready({ pyproject, paths }: ProjectShape): boolean {
  const files = valueAt(jupyterHook({ pyproject }), ['skip-if-exists'])
  return Array.isArray(files) && files.length > 0 && files.every((file) => paths.includes(String(file)))
}

function jupyterHook({ pyproject }: Pick<ProjectShape, 'pyproject'>): unknown {
  return valueAt(parsed(pyproject ?? ''), 'tool.hatch.build.hooks.jupyter-builder'.split('.'))
}

function parsed(text: string): unknown {
  try {
    return parse(text)
  } catch {
    // The reader of the build system tells what is wrong with it.
    return {}
  }
}

function valueAt(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, key)
        ? (found as Record<string, unknown>)[key]
        : undefined,
    value
  )
}
