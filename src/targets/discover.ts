import { parse } from 'smol-toml'
import type { Config, TargetConfig } from '../documents/config.ts'
import type { PlanTarget } from '../documents/plan.ts'
import type { DebSettings, ImageSettings } from '../documents/target-settings.ts'
import { TagproofError } from '../platform/errors.ts'

export interface TreeShape {
  /** Paths of all tracked files. */
  paths: readonly string[]
  /** Text of the top `pyproject.toml`, or null. One that only configures linters makes no target. */
  pyproject: string | null
}

export interface Discovery {
  targets: PlanTarget[]
  /** What the tree shows, and nobody asked for. */
  notBuilt: PlanTarget[]
}

type Kind = PlanTarget['kind']

/** The file whose presence makes a folder a target of a kind. */
const marks: Readonly<Record<Kind, readonly string[]>> = {
  python: ['pyproject.toml', 'setup.py'],
  deb: ['debian/control', 'debian/changelog'],
  image: ['Dockerfile', 'Containerfile']
}

/**
 * The targets of a release: those that the configuration lists, or those that the tree shows.
 *
 * @param only names (or kinds) that were asked for; all when empty
 * @throws TagproofError `target-none` if there is nothing to build, `target-unknown` if a name that was
 *   asked for does not exist, `config-invalid` if two targets have one name
 */
export function discoverTargets(
  tree: TreeShape,
  config: Pick<Config, 'targets'>,
  only: readonly string[] = []
): Discovery {
  const known = new Set(tree.paths)
  const all = config.targets === undefined ? shownBy(tree, known) : listed(config.targets, known)
  if (all.length === 0)
    throw new TagproofError('target-none', 'The tagged tree holds nothing that could be built.', {
      expected: 'pyproject.toml or setup.py, debian/, or a Dockerfile at the top of the tree',
      fix: 'List the targets and their folders under `targets:` in .github/tagproof.yml.'
    })
  const chosen = only.length === 0 ? all : withWheels(choose(all, only), all)
  for (const target of chosen) requireWheel(target, all)
  // What is made of a wheel comes after the wheel.
  const first = (target: PlanTarget): number => (target.kind === 'python' ? 0 : 1)
  const targets = [...chosen].sort((one, other) => first(one) - first(other))
  return { targets, notBuilt: all.filter((target) => !chosen.includes(target)) }
}

function shownBy(tree: TreeShape, known: ReadonlySet<string>): PlanTarget[] {
  const kinds = (Object.keys(marks) as Kind[]).filter((kind) => marks[kind].some((mark) => known.has(mark)))
  return kinds
    .filter((kind) => kind !== 'python' || known.has('setup.py') || isPackage(tree.pyproject))
    .map((kind) => ({
      kind,
      name: kind,
      path: '.',
      root: kind,
      ...settingsOf({ kind, path: '.' }, kind, known)
    }))
}

/** Whether a `pyproject.toml` describes a package; one that cannot be read is left for the build to report. */
function isPackage(pyproject: string | null): boolean {
  if (pyproject === null) return true
  try {
    const table = parse(pyproject)
    return 'project' in table || 'build-system' in table
  } catch {
    return true
  }
}

function listed(targets: readonly TargetConfig[], known: ReadonlySet<string>): PlanTarget[] {
  const named = targets.map((target) => {
    const name = target.name ?? defaultName(target, targets)
    return {
      kind: target.kind,
      name,
      path: target.path,
      root: target.root ?? target.kind,
      ...(target.try === undefined ? {} : { try: target.try }),
      ...(target.adopt === undefined ? {} : { adopt: target.adopt }),
      ...(target.git === undefined ? {} : { git: target.git }),
      ...settingsOf(target, name, known)
    }
  })
  for (const target of named) {
    if (named.filter((other) => other.name === target.name).length > 1)
      throw new TagproofError('config-invalid', `Two targets are called ${JSON.stringify(target.name)}.`, {
        fix: 'Give each target under `targets:` its own `name`.'
      })
    requireMark(target, known)
  }
  return named
}

/** The kind when it is alone, else kind and folder: `python`, `python-client`. */
function defaultName(target: TargetConfig, all: readonly TargetConfig[]): string {
  const alone = all.filter((other) => other.kind === target.kind && other.name === undefined).length === 1
  if (alone || target.path === '.') return target.kind
  const folder = target.path.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return `${target.kind}-${folder}`.slice(0, 64).replace(/-+$/, '')
}

type Settings = Pick<TargetConfig, 'kind' | 'path'> & Partial<TargetConfig>

function settingsOf(
  target: Settings,
  name: string,
  known: ReadonlySet<string>
): { deb?: DebSettings; image?: ImageSettings } {
  if (target.kind === 'deb')
    return {
      deb:
        target.venv === undefined
          ? {
              mode: 'debian',
              changelog: target.changelog ?? 'tree',
              ...(target.suffix === undefined ? {} : { suffix: target.suffix })
            }
          : { mode: 'venv', venv: target.venv }
    }
  if (target.kind !== 'image') return {}
  const { repository = name, platforms = [], assemble } = target
  if (assemble !== undefined) return { image: { mode: 'assemble', repository, platforms, assemble } }
  const folder = target.path === '.' ? '' : `${target.path}/`
  const dockerfile =
    target.dockerfile ?? marks.image.find((mark) => known.has(folder + mark)) ?? marks.image[0] ?? ''
  const { stage = null, arguments: values = {}, wheel, extras = [], requirements = [] } = target
  return {
    image: {
      mode: 'dockerfile',
      repository,
      dockerfile,
      stage,
      arguments: values,
      platforms,
      ...(wheel === undefined ? {} : { wheel }),
      extras,
      requirements
    }
  }
}

/**
 * The Python target whose wheel goes into this one: the one that is named, or the only one; undefined for a target
 * that takes none.
 */
export function wheelTargetOf(target: PlanTarget, all: readonly PlanTarget[]): PlanTarget | undefined {
  if (target.kind === 'python' || target.deb?.mode === 'debian') return undefined
  const python = all.filter((other) => other.kind === 'python')
  const named =
    target.deb?.mode === 'venv'
      ? target.deb.venv.wheel
      : target.image?.mode === 'assemble'
        ? target.image.assemble.wheel
        : target.image?.wheel
  if (named !== undefined) return python.find((other) => other.name === named)
  return python.length === 1 ? python[0] : undefined
}

/** Those that were chosen, and the Python targets whose wheels they take. */
function withWheels(chosen: readonly PlanTarget[], all: readonly PlanTarget[]): PlanTarget[] {
  const wanted = new Set(chosen.flatMap((target) => [target, wheelTargetOf(target, all) ?? target]))
  return all.filter((target) => wanted.has(target))
}

/** What is made of a wheel alone needs to know of which. */
function requireWheel(target: PlanTarget, all: readonly PlanTarget[]): void {
  const needed = target.deb?.mode === 'venv' || target.image?.mode === 'assemble'
  if (!needed || wheelTargetOf(target, all) !== undefined) return
  const python = all.filter((other) => other.kind === 'python').map((other) => other.name)
  throw new TagproofError('config-invalid', `The target ${target.name} does not say whose wheel it takes.`, {
    found: python.length === 0 ? 'no Python target' : `the Python targets ${python.join(', ')}`,
    fix: 'List the Python target under `targets:`, and name it as `wheel`.'
  })
}

function requireMark(target: PlanTarget, known: ReadonlySet<string>): void {
  if (target.deb?.mode === 'venv' || target.image?.mode === 'assemble') return
  const folder = target.path === '.' ? '' : `${target.path}/`
  const needed = target.image?.mode === 'dockerfile' ? [target.image.dockerfile] : marks[target.kind]
  if (needed.some((mark) => known.has(folder + mark))) return
  const whole = folder === '' ? 'the top of the tree' : folder
  throw new TagproofError('target-none', `The target ${JSON.stringify(target.name)} has nothing to build.`, {
    found: `no ${needed.join(' or ')} in ${whole}`,
    fix: 'Correct the `path` of the target in .github/tagproof.yml; it is relative to the top of the tree.'
  })
}

function choose(all: readonly PlanTarget[], only: readonly string[]): PlanTarget[] {
  const chosen = new Set<PlanTarget>()
  for (const wanted of only) {
    const byName = all.filter((target) => target.name === wanted)
    const found = byName.length > 0 ? byName : all.filter((target) => target.kind === wanted)
    if (found.length === 0)
      throw new TagproofError('target-unknown', `There is no target ${JSON.stringify(wanted)}.`, {
        expected: `one of ${all.map((target) => target.name).join(', ')}`,
        fix: 'Name one of these with --target, or add it under `targets:` in .github/tagproof.yml.'
      })
    for (const target of found) chosen.add(target)
  }
  return all.filter((target) => chosen.has(target))
}
