import type { Config } from '../documents/config.ts'
import { lockPath } from '../documents/layout.ts'
import { pythonPackages, type Lock } from '../documents/lock.ts'
import type { Finding } from '../documents/proof.ts'
import { runner } from '../init/pins.ts'
import type { TagproofError } from '../platform/errors.ts'
import { fail, ok, warn, type Check } from './check.ts'

export interface ProjectFacts {
  /** What keeps the project from being read at all; then there is nothing else to say. */
  error: TagproofError | null
  /** Files of ours whose text in the work tree is not that of the commit. */
  uncommitted: string[]
  targets: string[]
  sources: Config['sources']
  lock: Lock | null
  /** What the lock lacks of what the project states. */
  stale: TagproofError | null
  /** What Dockerfiles say that cannot be proven. */
  findings: Finding[]
  /** Whether a workflow makes a release: a missing lock stops it then. */
  released: boolean
  /** Debian's name of this machine's architecture. */
  architecture: string
  /** Milliseconds since 1970. */
  now: number
}

const day = 24 * 60 * 60_000
/** Archives drop a version when the next one comes: after some weeks, some of a list is gone. */
const freshDays = 30
/** Where old versions are kept, what counts is how long nobody has looked at them. */
const reviewDays = 180

/** Lock, configuration and build files. Pure. */
export function projectChecks(facts: ProjectFacts): Check[] {
  if (facts.error !== null) return [errorCheck('project', facts.error)]
  return [
    ok('project', 'project', `Targets: ${facts.targets.join(', ')}`),
    ...facts.uncommitted.map(uncommittedCheck),
    ...(facts.lock === null ? [missingCheck(facts)] : lockChecks(facts.lock, facts)),
    ...dockerfileChecks(facts.findings)
  ]
}

/** An error of the project's own files, as a line. */
export function errorCheck(name: string, { message, detail }: TagproofError): Check {
  const found = detail.found === undefined ? '' : ` Found: ${detail.found}.`
  return fail('project', name, message.replace(/\.$/, ''), {
    ...(detail.where === undefined ? {} : { where: detail.where }),
    why: `No release can be made of it.${found}`,
    fix: detail.fix ?? `Expected: ${detail.expected ?? 'what docs/errors.md says'}.`
  })
}

function uncommittedCheck(file: string): Check {
  return warn('project', 'uncommitted', `${file} is not as it was committed`, {
    why: 'A release reads the commit of its tag, and nothing of the work tree.',
    fix: `git add ${file}, and commit it.`
  })
}

function missingCheck({ released }: ProjectFacts): Check {
  const fix = 'tagproof lock writes it; review and commit it.'
  if (released)
    return fail('project', 'lock', `There is no ${lockPath}`, {
      why: 'No tag without a lock can be released.',
      fix
    })
  return warn('project', 'lock', `There is no ${lockPath}`, {
    why: 'A rehearsal resolves one each time; a release needs the one of its tag.',
    fix
  })
}

function lockChecks(lock: Lock, facts: ProjectFacts): Check[] {
  const { stale } = facts
  const count =
    Object.values(lock.roots).reduce((sum, { packages }) => sum + packages.length, 0) +
    Object.values(lock.python).reduce((sum, python) => sum + pythonPackages(python).length, 0)
  const git = Object.entries(lock.git ?? {})
  const suites = [...new Set(Object.values(lock.roots).map(({ suite }) => suite))].join(', ')
  return [
    stale === null
      ? ok('project', 'lock', `The lock holds what the project states: ${count} packages, of ${suites}`)
      : errorCheck('lock', stale),
    ...git.map(([name, { url, ref, commit }]) =>
      ok('project', 'git-input', `Git input ${name}: ${ref} of ${url}, commit ${commit.slice(0, 12)}`)
    ),
    ...ageChecks(lock, facts),
    ...archiveChecks(lock, facts),
    ...architectureChecks(lock, facts)
  ]
}

/** The newest of the signed indexes that the packages came from says when the lock was made. */
function ageChecks(lock: Lock, { sources, now }: ProjectFacts): Check[] {
  const dates = Object.values(lock.roots)
    .flatMap(({ indexes }) => indexes.map(({ date }) => Date.parse(date)))
    .filter((date) => !Number.isNaN(date))
  if (dates.length === 0)
    return [
      warn('project', 'lock-age', 'The lock does not say how old it is', {
        why: 'Its indexes have no date, so nothing tells whether archives still have its packages.',
        fix: 'tagproof lock --upgrade makes a new one.'
      })
    ]
  const days = Math.max(0, Math.floor((now - Math.max(...dates)) / day))
  const says = `The lock is ${days} day${days === 1 ? '' : 's'} old`
  const fix = 'tagproof lock --upgrade takes the newest versions; review the changes.'
  if (days > reviewDays)
    return [
      warn('project', 'lock-age', says, { why: 'Mended faults of compilers and tools are not in it.', fix })
    ]
  if (days > freshDays && (sources.snapshot ?? sources.store) === undefined)
    return [
      warn('project', 'lock-age', says, {
        why: 'Archives drop a version when the next one comes, and nothing is named that keeps the old ones.',
        fix: `${fix} Or name sources.snapshot or sources.store in the configuration.`
      })
    ]
  return [ok('project', 'lock-age', says)]
}

function archiveChecks(lock: Lock, { sources }: ProjectFacts): Check[] {
  const foreign = Object.values(lock.roots).find(({ suite }) => suite !== runner.suite)
  if (foreign === undefined || (sources.mirror ?? sources.snapshot ?? sources.store) !== undefined) return []
  return [
    warn('project', 'lock-archive', `The lock is of ${foreign.suite}, and runners have ${runner.suite}`, {
      why: `A runner ${runner.label} has no source for it, and cannot fetch its packages.`,
      fix: 'Name the archive in the configuration: sources: { mirror: … }; tagproof init writes that of this machine.'
    })
  ]
}

function architectureChecks(lock: Lock, { architecture }: ProjectFacts): Check[] {
  const other = Object.values(lock.roots).find((root) => root.architecture !== architecture)
  if (other === undefined) return []
  return [
    warn(
      'project',
      'lock-architecture',
      `The lock is for ${other.architecture}, and this machine is ${architecture}`,
      {
        why: 'What it names cannot be built here.',
        fix: `Build on ${other.architecture}, or lock on the kind of machine that builds.`
      }
    )
  ]
}

function dockerfileChecks(findings: readonly Finding[]): Check[] {
  return findings.flatMap(({ severity, message, cause, fix }) => {
    if (severity === 'note') return []
    const more = { why: cause ?? 'It cannot be proven.', fix: fix ?? 'docs/dockerfile.md tells more.' }
    return [(severity === 'refuse' ? fail : warn)('project', 'dockerfile', message, more)]
  })
}
