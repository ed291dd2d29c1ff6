import path from 'node:path'
import { neededRights, type NeededRight } from '../destinations/needed-rights.ts'
import { readConfig } from '../documents/config-reading.ts'
import type { Config } from '../documents/config.ts'
import { destinationSettings, type DestinationSettings } from '../documents/destination-settings.ts'
import { configPath, lockPath } from '../documents/layout.ts'
import type { Lock } from '../documents/lock.ts'
import { chooseActionReference, type ActionReference } from '../init/action-reference.ts'
import {
  configText,
  githubLine,
  indexLines,
  nestedTargets,
  type ConfigNeeds,
  type FoundTarget
} from '../init/config-text.ts'
import { compareFiles, readInside, writeFiles, type ComparedFile, type WrittenFile } from '../init/files.ts'
import { runner } from '../init/pins.ts'
import { nextSteps, settingsText, tagRuleset } from '../init/settings.ts'
import { tagGlob } from '../init/tag-globs.ts'
import { workflowText } from '../init/workflow.ts'
import { archiveOfSuite } from '../lock/apt-host.ts'
import { parseLock } from '../lock/lock-file.ts'
import { TagproofError } from '../platform/errors.ts'
import { originOf, type HostedRepository } from '../source/remote.ts'
import { openRepository, type Repository } from '../source/repository.ts'
import { resolveHead } from '../source/tag.ts'
import { readTextOf } from '../source/tree-text.ts'
import { listTree, type TreeEntry } from '../source/tree.ts'
import { discoverTargets } from '../targets/discover.ts'
import type { StageContext } from './context.ts'
import { lock } from './lock.ts'
import { requireCommit } from './source.ts'

export interface InitOptions {
  /** `OWNER/NAME@COMMIT`: the release of this action to use. */
  action?: string
  /** The file that runs, whose clone may tell that. */
  program: string | null
  /** File name of the workflow. */
  workflow: string
  /** Name of the protected environment. */
  environment: string
  /** Make a lock where there is none. */
  lock: boolean
  /** A release on GitHub too: a right to write that nobody gets unasked. */
  githubRelease?: boolean
  /** Asked for each file that is there and differs; what it throws ends the run before anything is written. */
  consent: (file: ComparedFile) => Promise<boolean>
}

export interface InitResult {
  action: ActionReference
  workflow: string
  environment: string
  tags: string
  repository: HostedRepository | null
  ruleset: object
  files: WrittenFile[]
  /** What was seen and has to be thought about. */
  notes: string[]
  /** For people. */
  text: string
}

/**
 * Writes what a project needs to be released from a workflow: the workflow, the configuration if the tree does not say
 * all, and the lock if there is none. Overwrites nothing without consent.
 *
 * @throws TagproofError `usage`, `target-none`, `path-refused`, and those of `lock`
 */
export async function init(context: StageContext, options: InitOptions): Promise<InitResult> {
  requireNames(options)
  const repository = await openRepository(context.repository)
  try {
    const { worktree } = repository.places
    if (worktree === null)
      throw new TagproofError('usage', 'A bare repository has no files to write to.', {
        fix: 'Clone it, and run tagproof init in the clone.'
      })
    const seen = await look(repository, worktree)
    const workflowPath = `.github/workflows/${options.workflow}`
    const tags = tagGlob(seen.tagNames)
    const action = await chooseActionReference({
      program: options.program,
      existing: await readInside(worktree, workflowPath),
      ...(options.action === undefined ? {} : { given: options.action })
    })
    const { environment } = options
    const github = options.githubRelease ?? false
    const config = seen.hasConfig ? null : configText({ ...seen.needs, github })
    const rights = rightsOf(seen, github)
    const workflow = workflowText({ action, tags, environment, kinds: seen.kinds, rights })
    const proposed = [
      { path: workflowPath, text: workflow },
      ...(config === null ? [] : [{ path: configPath, text: config }])
    ]
    const files = await writeFiles(worktree, await compareFiles(worktree, proposed), options.consent)
    files.push(...(await lockIfMissing(context, worktree, seen, options)))
    const result = {
      action,
      workflow: options.workflow,
      environment,
      tags,
      repository: seen.origin,
      ruleset: tagRuleset(tags),
      files,
      notes: notesOf(seen, config !== null, github)
    }
    return { ...result, text: textOf(result, seen) }
  } finally {
    await repository.close()
  }
}

/** Both go into YAML and into the forms of others. */
function requireNames({ workflow, environment }: InitOptions): void {
  const wrong = !/^[A-Za-z0-9_][A-Za-z0-9._-]*\.ya?ml$/.test(workflow)
    ? { option: '--workflow', found: workflow, expected: 'a file name such as release.yml' }
    : !/^[A-Za-z_][A-Za-z0-9._-]{0,99}$/.test(environment)
      ? { option: '--environment', found: environment, expected: 'a name such as release' }
      : undefined
  if (wrong !== undefined)
    throw new TagproofError('usage', `The option ${wrong.option} cannot be used.`, {
      found: wrong.found.slice(0, 100),
      expected: wrong.expected,
      fix: 'Letters, digits, dot, dash and underscore.'
    })
}

interface Seen {
  kinds: ('python' | 'deb' | 'image')[]
  tagNames: string[]
  origin: HostedRepository | null
  hasConfig: boolean
  destinations: DestinationSettings[]
  /** Where the configuration does not say where packages come from, and runners would not know. */
  needs: ConfigNeeds
  /** Below the top, and not built. */
  passedOver: FoundTarget[]
  hasLock: boolean
}

/** Of what lies below the top. */
const mostHints = 5

async function look(repository: Repository, worktree: string): Promise<Seen> {
  await requireCommit(repository)
  const tag = await resolveHead(repository)
  const entries = await listTree(repository, tag.tree)
  const configFile = await readInside(worktree, configPath)
  const config = readConfig(configFile ?? '', configPath)
  const lockText = await readInside(worktree, lockPath)
  const nested = nestedTargets(entries.map((entry) => entry.path))
  const shown = await targetsOf(repository, entries, config, configFile === null ? nested : [])
  return {
    kinds: shown.kinds,
    tagNames: (await repository.references('refs/tags/')).map(({ name }) => name.slice('refs/tags/'.length)),
    origin: await originOf(repository.places),
    hasConfig: configFile !== null,
    destinations: config.destinations.map(destinationSettings),
    needs: {
      targets: shown.listed,
      mirror: await mirrorFor(config, lockText === null ? null : parseLock(lockText, lockPath)),
      index: shown.kinds.includes('python') && config.destinations.length === 0
    },
    passedOver: configFile === null && shown.listed.length === 0 ? nested.slice(0, mostHints) : [],
    hasLock: lockText !== null
  }
}

/** What the tree shows at its top, or what was found below it and has to be listed. */
async function targetsOf(
  repository: Repository,
  entries: readonly TreeEntry[],
  config: Config,
  nested: readonly FoundTarget[]
): Promise<{ kinds: Seen['kinds']; listed: FoundTarget[] }> {
  const kindsOf = (targets: readonly FoundTarget[]): Seen['kinds'] => [
    ...new Set(targets.map(({ kind }) => kind))
  ]
  try {
    const paths = entries.map((entry) => entry.path)
    const pyproject = await readTextOf(repository, entries, 'pyproject.toml')
    return { kinds: kindsOf(discoverTargets({ paths, pyproject }, config).targets), listed: [] }
  } catch (error) {
    if (!(error instanceof TagproofError) || error.code !== 'target-none' || nested.length === 0) throw error
    return { kinds: kindsOf(nested), listed: [...nested] }
  }
}

/** The archive to write down: that of this machine, where the lock is (or will be) of another suite than runners have. */
async function mirrorFor(config: Config, locked: Lock | null): Promise<ConfigNeeds['mirror']> {
  const { mirror, snapshot, store } = config.sources
  if ((mirror ?? snapshot ?? store) !== undefined) return null
  const suites = locked === null ? [] : Object.values(locked.roots).map(({ suite }) => suite)
  const archive = await archiveOfSuite(suites.find((suite) => suite !== runner.suite))
  return archive === null || archive.suite === runner.suite ? null : archive
}

async function lockIfMissing(
  context: StageContext,
  worktree: string,
  seen: Seen,
  options: InitOptions
): Promise<WrittenFile[]> {
  if (seen.hasLock) return [{ path: lockPath, state: 'unchanged' }]
  if (!options.lock) return []
  context.log.info('The workflow is written. Now the lock: everything that the builds need, by hash.')
  const hasConfig = (await readInside(worktree, configPath)) !== null
  await lock(context, {
    to: path.join(worktree, lockPath),
    ...(hasConfig ? { config: path.join(worktree, configPath) } : {})
  })
  return [{ path: lockPath, state: 'new' }]
}

/** Of what the configuration lists, and of what was asked for. */
function rightsOf({ destinations }: Seen, github: boolean): NeededRight[] {
  const asked = github && !destinations.some(({ kind }) => kind === 'github')
  return neededRights([...destinations, ...(asked ? [destinationSettings({ kind: 'github' })] : [])])
}

function notesOf(
  { needs, hasConfig, passedOver, destinations }: Seen,
  wroteConfig: boolean,
  github: boolean
): string[] {
  const notes = passedOver.map(
    ({ kind, path }) =>
      `${path} could be built too (${kind}): list it under targets: in ${configPath} if you release it.`
  )
  if (needs.mirror !== null && hasConfig)
    notes.push(
      `The lock is of ${needs.mirror.suite}, and runners have ${runner.suite}: name the archive in ${configPath}, as sources: { mirror: ${needs.mirror.address} }.`
    )
  if (needs.index && hasConfig)
    notes.push(
      `${configPath} lists no destinations: publish would send nothing. For the package index, add: ${indexLines.join('\n    ')}`
    )
  if (github && hasConfig && !destinations.some(({ kind }) => kind === 'github'))
    notes.push(
      `The workflow may make a release on GitHub, and ${configPath} does not ask for one. Add under destinations: ${githubLine.trim()}`
    )
  if (needs.mirror !== null && wroteConfig)
    notes.push(
      `Look at the mirror in ${configPath}: it is that of this machine, and runners must reach it too.`
    )
  return notes
}

const states = {
  new: 'new',
  unchanged: 'there, unchanged',
  overwritten: 'overwritten',
  kept: 'kept as it is'
}

function textOf(result: Omit<InitResult, 'text'>, seen: Seen): string {
  const { files, notes } = result
  const width = Math.max(...files.map((file) => file.path.length))
  const locked = files.some((file) => file.path === lockPath)
  return [
    [
      ...files.map((file) => `${file.path.padEnd(width)}  ${states[file.state]}`),
      ...(locked ? [] : [`${lockPath.padEnd(width)}  missing: tagproof lock writes it; a release needs it`])
    ].join('\n'),
    ...(notes.length === 0 ? [] : [notes.map((note) => `! ${note}`).join('\n')]),
    settingsText({ ...result, kinds: seen.kinds }),
    nextSteps(files.map((file) => file.path))
  ].join('\n\n')
}
