import path from 'node:path'
import type { PythonLock } from '../documents/lock.ts'
import type { PlanTarget } from '../documents/plan.ts'
import { resolvePython } from '../lock/python.ts'
import { checkHashes, readRequirements, type RunTimeRequirements } from '../lock/requirements.ts'
import { statedDependencies } from '../lock/requirements-stated.ts'
import { TagproofError } from '../platform/errors.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import { readTextOf } from '../source/tree-text.ts'
import { checkVenvSettings } from '../targets/deb/venv/settings-check.ts'
import { wheelTargetOf } from '../targets/discover.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import { signalOf, type StageContext } from './context.ts'
import { allowedSdists, workshopIn } from './lock-python.ts'
import type { Source } from './source.ts'

/**
 * Locks what the wheel in a deb or an image needs at run time: what requirements files of the tree and the project's
 * static metadata ask for, chosen for the root's interpreter. The wheel itself is not in the lock.
 *
 * @throws TagproofError `config-invalid` for a requirements file that cannot be locked, where nothing says what the
 *   wheel needs, and for settings that make no package; `hash-mismatch`; and as resolvePython
 */
export async function lockRequirements(
  context: StageContext,
  source: Source,
  target: PlanTarget,
  root: PreparedRoot,
  previous: PythonLock | undefined
): Promise<PythonLock> {
  if (target.deb?.mode === 'venv') checkVenvSettings(target.deb.venv)
  const progress = context.log.begin(`lock: run-time requirements of ${target.name}`)
  try {
    const needs = await runTimeNeeds(source, target)
    const locked = await withTemporaryFolder('tagproof-lock', async (folder) =>
      resolvePython({
        root,
        requested: [],
        backendRequested: needs.asked,
        constraints: needs.constraints,
        allowSdists: allowedSdists(source, target),
        workshop: await workshopIn({ context, source, root, folder }),
        log: context.log,
        ...(previous === undefined ? {} : { previous }),
        ...signalOf(context)
      })
    ).catch((error: unknown) => {
      throw inRunTimeWords(error, target)
    })
    const packages = locked.packages.filter((entry) => entry.name !== needs.project)
    const without = { ...locked, packages }
    checkHashes(without, needs.hashed)
    progress.done(`${packages.length} packages`)
    return without
  } catch (error) {
    progress.failed()
    throw error
  }
}

interface RunTimeNeeds extends RunTimeRequirements {
  /** Normalised name of the project, where it is known. */
  project: string | null
}

async function runTimeNeeds(source: Source, target: PlanTarget): Promise<RunTimeNeeds> {
  const read = (file: string): Promise<string | null> => readTextOf(source.repository, source.entries, file)
  const { extras, requirements } = settingsOf(target)
  const files = await readRequirements(requirements, read)
  const from = wheelTargetOf(target, source.targets)
  if (from === undefined) return { ...files, project: null }
  const folder = from.path === '.' ? '' : `${from.path}/`
  const [pyproject = null, setupCfg = null, setupPy = null] = await Promise.all(
    ['pyproject.toml', 'setup.cfg', 'setup.py'].map((name) => read(path.posix.join(folder, name)))
  )
  const stated = statedDependencies({ folder, pyproject, setupCfg, setupPy }, extras)
  if (stated.by === null && requirements.length === 0) throw notStated(target, from)
  const asked =
    stated.by === null || stated.requirements.length === 0
      ? files.asked
      : { ...files.asked, [`${folder}${stated.by}`]: stated.requirements }
  return { ...files, asked, project: stated.name }
}

function settingsOf(target: PlanTarget): { extras: readonly string[]; requirements: readonly string[] } {
  if (target.deb?.mode === 'venv') return target.deb.venv
  if (target.image?.mode === 'assemble') return target.image.assemble
  return target.image ?? { extras: [], requirements: [] }
}

/** Guessing from the code of the build would choose packages by what that code says on this machine. */
function notStated(target: PlanTarget, from: PlanTarget): TagproofError {
  return new TagproofError(
    'config-invalid',
    `Nothing says what the wheel of ${from.name} needs at run time.`,
    {
      where: `targets: ${target.name}`,
      found:
        'no static dependencies in [project] of pyproject.toml or in [options] of setup.cfg, and no requirements',
      expected: '`requirements: [FILE]`, or `dependencies` in [project] (an empty list for none)',
      fix: 'Commit a requirements file (pip-compile or poetry export writes one) and name it under `requirements` of the target.'
    }
  )
}

/** The resolver speaks of build requirements, which it has most to do with. */
function inRunTimeWords(error: unknown, target: PlanTarget): unknown {
  if (!(error instanceof TagproofError) || error.code !== 'lock-unresolvable') return error
  const words = (text: string): string =>
    text
      .replace('Correct build-system.requires;', 'Correct the requirements;')
      .replace(/\b(The|A) build requirement/, '$1 run-time requirement')
  return new TagproofError('lock-unresolvable', `${target.name}: ${words(error.message)}`, {
    ...error.detail,
    ...(error.detail.fix === undefined ? {} : { fix: words(error.detail.fix) }),
    cause: error
  })
}
