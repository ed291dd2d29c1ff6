import path from 'node:path'
import type { Config, Sources } from '../documents/config.ts'
import { wantedRef, type GitInputConfig, type GitLock, type PlannedGit } from '../documents/git-inputs.ts'
import type { Lock } from '../documents/lock.ts'
import type { Plan, PlanTarget } from '../documents/plan.ts'
import { readObjectArchive } from '../lock/git/object-archive.ts'
import { lockGitInput } from '../lock/git/lock-git.ts'
import { fetchInputs } from '../lock/inputs.ts'
import { TagproofError } from '../platform/errors.ts'
import { enterFolder, type Graft, type Grafting } from '../source/grafts.ts'
import { openRepository, type Repository } from '../source/repository.ts'
import { signalOf, type StageContext } from './context.ts'
import { readPlannedLock } from './fetch.ts'
import type { Source } from './source.ts'

type Seeing = Pick<PlanTarget, 'git'>

/** The inputs under `git:` that some of the targets see. */
export function wantedGit(config: Pick<Config, 'git'>, targets: readonly Seeing[]): GitInputConfig[] {
  return config.git.filter(({ name }) => targets.some(({ git }) => git?.includes(name) === true))
}

/** Resolves the git inputs of a source, for the lock. */
export async function lockGitInputs(
  context: StageContext,
  source: Source,
  previous: Lock | null
): Promise<Record<string, GitLock>> {
  const locked: Record<string, GitLock> = {}
  for (const input of wantedGit(source.config.value, source.targets)) {
    const progress = context.log.begin(`lock: git input ${input.name}`)
    try {
      const entry = await lockGitInput(input, {
        previous: previous?.git?.[input.name],
        store: storeOf(context),
        mirrors: source.config.value.sources.git ?? {},
        log: context.log,
        ...signalOf(context)
      })
      progress.done(`${entry.ref} ${entry.commit.slice(0, 12)}, ${entry.files} files`)
      locked[input.name] = entry
    } catch (error) {
      progress.failed()
      throw error
    }
  }
  return locked
}

/**
 * What the configuration asks for and the lock has, as the plan says it.
 *
 * @throws TagproofError `lock-incomplete` for an input that is not in the lock, or of another address, ref or folder
 */
export function planGit(
  config: Pick<Config, 'git'>,
  targets: readonly Seeing[],
  lock: Pick<Lock, 'git'>
): PlannedGit[] {
  return wantedGit(config, targets).map((input) => {
    const { name, url } = input
    const locked = lock.git?.[name]
    const ref = wantedRef(input)
    if (locked?.url !== url || locked.ref !== ref || locked.path !== input.path)
      throw new TagproofError('lock-incomplete', `The lock does not hold the git input ${name}.`, {
        found:
          locked === undefined ? 'nothing of that name' : `${locked.url}, ${locked.ref}, path ${locked.path}`,
        expected: `${url}, ${ref}, path ${input.path}`,
        fix: 'Run tagproof lock, commit the lock, and tag that commit.'
      })
    return { name, url, path: input.path, commit: locked.commit, tree: locked.tree }
  })
}

/**
 * Fetches git inputs and puts their objects beside those of an open repository.
 *
 * @param options offline: no network is touched
 * @throws TagproofError those of `fetchInputs`, `object-corrupt`, `hash-mismatch`
 */
export async function graftInputs(
  context: StageContext,
  repository: Repository,
  planned: readonly PlannedGit[],
  { lock, sources, offline = false }: { lock: Pick<Lock, 'git'>; sources: Sources; offline?: boolean }
): Promise<Graft[]> {
  if (planned.length === 0) return []
  const { git = {} } = lock
  const inputs = await fetchInputs(
    { schema: 'tagproof/lock/1', roots: {}, python: {}, git: lockedOf(git, planned) },
    { store: storeOf(context), sources, offline, log: context.log, ...signalOf(context) }
  )
  const grafts: Graft[] = []
  for (const { name, path: folder, commit, tree } of planned) {
    const locked = git[name]
    if (locked === undefined) throw new TagproofError('internal', `The git input ${name} is not in the lock.`)
    if (commit.length !== (repository.objectFormat === 'sha1' ? 40 : 64))
      throw otherFormat(name, commit, repository)
    await repository.addObjects(readObjectArchive(inputs.git(locked), { commit, tree }))
    const entered = await enterFolder(repository, tree, folder)
    grafts.push({ name, commit, path: folder, tree: entered.tree })
  }
  return grafts
}

/** The same for the plan of an earlier stage. */
export function graftingOf(context: StageContext, plan: Plan): Grafting {
  const { git = [], sources } = plan
  return async (repository) =>
    git.length === 0
      ? []
      : graftInputs(context, repository, git, { lock: await readPlannedLock(context, plan), sources })
}

/** Opens the repository of a plan with its git inputs. The caller closes it. */
export async function openGrafted(
  context: StageContext,
  plan: Plan
): Promise<{ repository: Repository; grafts: Graft[] }> {
  const repository = await openRepository(context.repository)
  try {
    return { repository, grafts: await graftingOf(context, plan)(repository) }
  } catch (error) {
    await repository.close().catch(() => undefined)
    throw error
  }
}

/** Of the inputs of a plan those that a target sees. */
export function seenOf(git: readonly PlannedGit[] | undefined, target: Seeing): PlannedGit[] {
  return (git ?? []).filter(({ name }) => target.git?.includes(name) === true)
}

/** Those that a target sees. */
export function graftsSeenBy(target: Seeing, grafts: readonly Graft[]): Graft[] {
  return grafts.filter(({ name }) => target.git?.includes(name) === true)
}

function lockedOf(
  git: Readonly<Record<string, GitLock>>,
  planned: readonly PlannedGit[]
): Record<string, GitLock> {
  return Object.fromEntries(
    planned.flatMap(({ name }) => (git[name] === undefined ? [] : [[name, git[name]] as const]))
  )
}

function storeOf(context: StageContext): string {
  return path.join(context.cache, 'inputs')
}

function otherFormat(name: string, commit: string, { objectFormat }: Repository): TagproofError {
  return new TagproofError('repository-invalid', `The git input ${name} names its objects in another way.`, {
    found: commit.length === 40 ? 'SHA-1' : 'SHA-256',
    expected: `${objectFormat}, as this repository has it`,
    fix: 'Take it from a repository of the same object format.'
  })
}
