import type { HostedRepository } from '../source/remote.ts'

export interface SettingsRequest {
  /** Null where the clone does not tell. */
  repository: HostedRepository | null
  /** File name of the workflow. */
  workflow: string
  environment: string
  /** Glob of release tags. */
  tags: string
  kinds: readonly ('python' | 'deb' | 'image')[]
}

/** A ruleset as the REST API and the import of rulesets take it: a release tag is never moved or removed, by nobody. */
export function tagRuleset(tags: string): object {
  return {
    name: 'Release tags',
    target: 'tag',
    enforcement: 'active',
    conditions: { ref_name: { include: [`refs/tags/${tags}`], exclude: [] } },
    rules: [{ type: 'update' }, { type: 'deletion' }, { type: 'non_fast_forward' }],
    bypass_actors: []
  }
}

/** What is to be set on the site of the repository, with the exact values. Pure. */
export function settingsText(request: SettingsRequest): string {
  const { repository, environment, tags, kinds } = request
  const name = repository === null ? 'OWNER/REPOSITORY' : `${repository.owner}/${repository.name}`
  const steps = [
    [
      'Settings > Environments > New environment: the gate before anything is published.',
      `  Name                                  ${environment}`,
      '  Required reviewers                    at least one person',
      '  Prevent self-review                   on',
      '  Allow administrators to bypass        off',
      `  Deployment branches and tags          Selected, one rule of type tag: ${tags}`
    ],
    [
      'A ruleset, so that a release tag can be neither moved nor removed (an administrator runs this):',
      `  gh api repos/${name}/rulesets --method POST --input - <<'END'`,
      `  ${JSON.stringify(tagRuleset(tags))}`,
      '  END'
    ],
    ...(kinds.includes('python') ? [publisherLines(request)] : [])
  ]
  const numbered = steps.map(([first, ...rest], index) => [`${index + 1}. ${first}`, ...rest].join('\n'))
  const unknown = repository === null ? ' (this clone has no remote that names it)' : ''
  return [`On the site of ${name}${unknown}, once:`, ...numbered].join('\n\n')
}

function publisherLines({ repository, workflow, environment }: SettingsRequest): string[] {
  return [
    'On the package index, your project > Publishing > GitHub: the trusted publisher.',
    `  Owner          ${repository?.owner ?? 'OWNER'}`,
    `  Repository     ${repository?.name ?? 'REPOSITORY'}`,
    `  Workflow       ${workflow}`,
    `  Environment    ${environment}`,
    '  A project that is not there yet: the same values as a pending publisher, in the settings of your account.'
  ]
}

/** What to do with what was written. Pure. */
export function nextSteps(paths: readonly string[]): string {
  return [
    'Next:',
    `  git add ${paths.join(' ')}`,
    '  git commit, and open a pull request: it is rehearsed.',
    '  Once it is merged: tag, push the tag, approve the job Publish.',
    '  tagproof doctor looks whether all of this is as it should be.'
  ].join('\n')
}
