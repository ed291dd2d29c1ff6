import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { TagproofError } from '../platform/errors.ts'
import { version } from '../platform/version.ts'
import { discoverRepository } from '../source/discovery.ts'
import { originOf, parseRepositoryName } from '../source/remote.ts'
import { openRepository } from '../source/repository.ts'

/** A release of this action, as a workflow names it. */
export interface ActionReference {
  /** `OWNER/NAME`. */
  repository: string
  /** Full commit, 40 hex digits. */
  commit: string
  /** `v1.2.3`, for the comment behind the commit. */
  version: string
}

const pattern = /^([^@\s]+)@([0-9a-f]{40})(?:\s+#\s*(v\d+(?:\.\d+){0,2}\S*))?$/

/** `OWNER/NAME@COMMIT # v1.2.3`; without the comment, the version of this program stands for it. Null for anything else. */
export function parseActionReference(text: string): ActionReference | null {
  const [, repository = '', commit = '', tag] = pattern.exec(text.trim()) ?? []
  if (parseRepositoryName(repository) === null) return null
  return { repository, commit, version: tag ?? `v${version}` }
}

/** As it stands behind `uses:`. */
export function formatActionReference({ repository, commit, version: tag }: ActionReference): string {
  return `${repository}@${commit} # ${tag}`
}

/** The one that a workflow, as an earlier run has written it, names. */
export function referenceInWorkflow(text: string): ActionReference | null {
  for (const [, written = ''] of text.matchAll(/^\s*(?:- )?uses: (\S+@[0-9a-f]{40}[^\n]*)$/gm)) {
    const reference = parseActionReference(written)
    if (reference?.repository.toLowerCase().endsWith('/tagproof') === true) return reference
  }
  return null
}

export interface ReferenceSources {
  /** `--action`. */
  given?: string
  /** The file that is run: its clone may say where it came from. */
  program: string | null
  /** Text of the workflow that is there already. */
  existing: string | null
}

/**
 * Which release of this action a workflow is to use: the one that was given; else the clone that this program runs
 * from, where a remote has its commit; else what the workflow names already.
 *
 * @throws TagproofError `usage` where none of these tells
 */
export async function chooseActionReference(sources: ReferenceSources): Promise<ActionReference> {
  const { given, program, existing } = sources
  if (given !== undefined) {
    const reference = parseActionReference(given)
    if (reference !== null) return reference
    throw new TagproofError('usage', 'The option --action does not name a release of this action.', {
      found: given.slice(0, 200),
      expected: "OWNER/NAME@COMMIT with all 40 digits of the commit, or 'OWNER/NAME@COMMIT # v1.2.3'",
      fix: 'A tag or a branch can be moved: name the commit. git rev-parse TAG^{commit} tells it.'
    })
  }
  const reference =
    (program === null ? null : await ownReference(program)) ??
    (existing === null ? null : referenceInWorkflow(existing))
  if (reference !== null) return reference
  throw new TagproofError('usage', 'It is not known which release of this action the workflow is to use.', {
    found:
      'a copy of this program that does not say where it was cloned from, or at a commit that no remote has',
    expected: 'a clone of the action from its code host, or --action',
    fix: 'Name repository and commit: --action OWNER/tagproof@COMMIT, with the 40 digits of the commit of a release.'
  })
}

/** Of the clone whose `dist/` holds the program, if a branch of its remote or a tag is at the commit. */
async function ownReference(program: string): Promise<ActionReference | null> {
  const file = await realpath(program).catch(() => null)
  if (file === null || path.basename(path.dirname(file)) !== 'dist') return null
  const folder = path.dirname(path.dirname(file))
  const places = await discoverRepository(folder).catch(() => null)
  if (places?.worktree !== folder) return null
  const origin = await originOf(places)
  if (origin === null) return null
  const repository = await openRepository(folder)
  try {
    const commit = await repository.head()
    if (commit === null || !/^[0-9a-f]{40}$/.test(commit)) return null
    const remote = await repository.references('refs/remotes/')
    const tags = (await repository.references('refs/tags/', 'peeled')).filter(
      ({ object, peeled }) => object === commit || peeled === commit
    )
    if (tags.length === 0 && !remote.some(({ object }) => object === commit)) return null
    const names = tags.map(({ name }) => name.slice('refs/tags/'.length))
    const tag = names.find((name) => /^v\d+\.\d+\.\d+$/.test(name)) ?? `v${version}`
    return { repository: `${origin.owner}/${origin.name}`, commit, version: tag }
  } finally {
    await repository.close()
  }
}
