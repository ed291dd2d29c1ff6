import { fail, ok, warn, type Check } from './check.ts'
import type { EnvironmentFacts, Read, RefRule, RepositoryFacts, Ruleset } from './github.ts'

/**
 * Settings of the repository on its code host. What could not be read is never a success. Pure.
 *
 * @param tags globs of the tags that start a release
 */
export function repositoryChecks(facts: RepositoryFacts, tags: readonly string[]): Check[] {
  const unread = commonReason(facts)
  if (unread !== null) return [notRead('settings', 'The settings of the repository', unread)]
  return [
    ...environmentChecks(facts, tags),
    ...rulesetChecks(facts.rulesets, tags),
    permissionsCheck(facts.defaultPermissions)
  ]
}

/** Why nothing at all could be read; null where something was. */
function commonReason({
  protection,
  refRules,
  rulesets,
  defaultPermissions
}: RepositoryFacts): string | null {
  const reads = [protection, refRules, rulesets, defaultPermissions]
  const reasons = new Set(reads.map((read) => ('unread' in read ? read.unread : null)))
  return reasons.size === 1 ? ([...reasons][0] ?? null) : null
}

function notRead(name: string, what: string, unread: string): Check {
  return warn('repository', name, `${what}: not read, ${unread}`, {
    why: 'What could not be read may be anything.',
    fix: 'Sign in with gh auth login, or set GITHUB_TOKEN to a token that may read the administration of the repository; or look at the settings yourself.'
  })
}

function environmentChecks(
  { environment, protection, refRules }: RepositoryFacts,
  tags: readonly string[]
): Check[] {
  const place = `Settings > Environments > ${environment}`
  if ('unread' in protection)
    return [notRead('environment-protection', `The environment ${environment}`, protection.unread)]
  if (protection.value === null)
    return [
      fail('repository', 'environment-protection', `There is no environment ${environment}`, {
        why: 'It is made by the first run that names it, without any protection.',
        fix: `Make it at Settings > Environments, with reviewers, before the first release.`
      })
    ]
  return [
    reviewersCheck(environment, protection.value, place),
    ...(protection.value.reviewers > 0 ? selfReviewChecks(environment, protection.value, place) : []),
    bypassCheck(environment, protection.value, place),
    refsCheck(environment, protection.value, refRules, tags, place)
  ]
}

function reviewersCheck(name: string, { reviewers }: EnvironmentFacts, place: string): Check {
  if (reviewers > 0)
    return ok(
      'repository',
      'environment-protection',
      `The environment ${name} asks one of ${reviewers} reviewer${reviewers === 1 ? '' : 's'}`
    )
  return fail('repository', 'environment-protection', `The environment ${name} has no reviewers`, {
    why: 'Every run that reaches the job publishes, and nobody has looked.',
    fix: `${place}: Required reviewers.`
  })
}

function selfReviewChecks(name: string, { preventsSelfReview }: EnvironmentFacts, place: string): Check[] {
  if (preventsSelfReview)
    return [ok('repository', 'self-review', `Who starts a release cannot approve it (${name})`)]
  return [
    warn('repository', 'self-review', `Who starts a release can approve it (${name})`, {
      why: 'One stolen account is then enough for a release.',
      fix: `${place}: Prevent self-review.`
    })
  ]
}

function bypassCheck(name: string, { adminsBypass }: EnvironmentFacts, place: string): Check {
  if (adminsBypass === undefined)
    return notRead('admin-bypass', `Whether administrators can pass ${name} by`, 'the answer does not say')
  if (!adminsBypass)
    return ok('repository', 'admin-bypass', `Administrators cannot pass the environment ${name} by`)
  return warn('repository', 'admin-bypass', `Administrators can pass the environment ${name} by`, {
    why: 'An account with that right publishes without a reviewer.',
    fix: `${place}: switch off "Allow administrators to bypass configured protection rules".`
  })
}

function refsCheck(
  name: string,
  { refs }: EnvironmentFacts,
  rules: Read<RefRule[]>,
  tags: readonly string[],
  place: string
): Check {
  const wanted = tags.join(', ') || 'v*'
  const fix = `${place}: Deployment branches and tags: Selected, with rules of type tag alone: ${wanted}.`
  const why = 'Anybody who may push can dispatch a changed workflow from a branch, and publish with it.'
  if (refs !== 'rules')
    return fail(
      'repository',
      'environment-refs',
      `The environment ${name} takes ${refs === 'all' ? 'every branch and tag' : 'protected branches, and no tag'}`,
      { why: refs === 'all' ? why : 'A release is made on its tag, and would wait for ever.', fix }
    )
  if ('unread' in rules)
    return notRead('environment-refs', `Which refs the environment ${name} takes`, rules.unread)
  const ofTags = rules.value.filter(({ type }) => type === 'tag')
  const others = rules.value.filter(({ type }) => type !== 'tag')
  if (ofTags.length === 0)
    return fail('repository', 'environment-refs', `The environment ${name} takes no tag`, {
      why: 'A release is made on its tag.',
      fix
    })
  if (others.length > 0)
    return fail(
      'repository',
      'environment-refs',
      `The environment ${name} takes branches too: ${others.map((rule) => rule.name).join(', ')}`,
      { why, fix }
    )
  const unfit = tags.filter((tag) => !ofTags.some((rule) => covers(rule.name, tag)))
  if (unfit.length > 0)
    return warn(
      'repository',
      'environment-refs',
      `The environment ${name} takes no tag ${unfit.join(', ')}`,
      {
        why: `Its rules are ${ofTags.map((rule) => rule.name).join(', ')}; such a tag starts the release, which then cannot publish.`,
        fix
      }
    )
  return ok(
    'repository',
    'environment-refs',
    `The environment ${name} takes tags alone: ${ofTags.map((rule) => rule.name).join(', ')}`
  )
}

function rulesetChecks(rulesets: Read<Ruleset[]>, tags: readonly string[]): Check[] {
  if ('unread' in rulesets) return [notRead('tag-ruleset', 'Rulesets for tags', rulesets.unread)]
  const active = rulesets.value.filter(
    ({ target, enforcement }) => target === 'tag' && enforcement === 'active'
  )
  return (tags.length === 0 ? ['v*'] : tags).map((tag) => {
    const own = active.filter(
      ({ include, exclude }) =>
        include.some((one) => coversRef(one, tag)) && !exclude.some((one) => coversRef(one, tag))
    )
    const lacking = ['update', 'deletion'].filter((rule) => !own.some(({ rules }) => rules.includes(rule)))
    const fix = 'Settings > Rules > Rulesets: tagproof init prints one that forbids both.'
    if (lacking.length > 0)
      return warn(
        'repository',
        'tag-ruleset',
        `A tag ${tag} can be ${lacking.map((rule) => (rule === 'update' ? 'moved' : 'removed')).join(' and ')}`,
        {
          why: 'A release that was approved could then stand for another commit.',
          fix
        }
      )
    const bypassers = own.map((ruleset) => ruleset.bypassers)
    if (bypassers.some((count) => count !== undefined && count > 0))
      return warn('repository', 'tag-ruleset', `A tag ${tag} is protected, and some may pass the rule by`, {
        why: 'An account with that right moves a release.',
        fix: 'Remove the bypass list of the ruleset.'
      })
    if (bypassers.includes(undefined))
      return warn(
        'repository',
        'tag-ruleset',
        `A tag ${tag} is protected; who may pass the rule by was not read`,
        {
          why: 'Only a token that may write the rules sees it.',
          fix: 'Look at the bypass list of the ruleset yourself: it should be empty.'
        }
      )
    return ok(
      'repository',
      'tag-ruleset',
      `A tag ${tag} can be neither moved nor removed (${own.map(({ name }) => name).join(', ')})`
    )
  })
}

function permissionsCheck(permissions: Read<string>): Check {
  if ('unread' in permissions)
    return notRead(
      'default-permissions',
      'What a job gets that says nothing of permissions',
      permissions.unread
    )
  if (permissions.value === 'read')
    return ok('repository', 'default-permissions', 'A job that says nothing of permissions may read only')
  if (permissions.value !== 'write')
    return notRead(
      'default-permissions',
      'What a job gets that says nothing of permissions',
      'the answer does not say'
    )
  return warn('repository', 'default-permissions', 'A job that says nothing of permissions may write', {
    why: 'It holds for every workflow of the repository, also for one that somebody adds.',
    fix: 'Settings > Actions > General > Workflow permissions: Read repository contents.'
  })
}

function coversRef(pattern: string, tag: string): boolean {
  return (
    pattern === '~ALL' ||
    (pattern.startsWith('refs/tags/') && covers(pattern.slice('refs/tags/'.length), tag))
  )
}

/** Whether a pattern of fnmatch(3) covers the tags that a glob starts: the same text, or one that a tag of it matches. */
function covers(pattern: string, glob: string): boolean {
  if (pattern === glob) return true
  const sample = glob.replaceAll('[0-9]*', '1.2.3').replaceAll('*', '1.2.3').replace(/\\(.)/g, '$1')
  const expression = pattern
    .split(/(\*\*?|\?|\[[^\]]+\])/)
    .map((part) => {
      if (/^\*+$/.test(part)) return '.*'
      if (part === '?') return '.'
      return /^\[[^\]]+\]$/.test(part)
        ? part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
        : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    })
    .join('')
  try {
    return new RegExp(`^${expression}$`).test(sample)
  } catch {
    // A set that no expression has covers nothing.
    return false
  }
}
