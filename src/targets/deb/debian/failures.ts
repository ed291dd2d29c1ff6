import { TagproofError } from '../../../platform/errors.ts'
import { lastLines } from '../../../platform/process.ts'
import type { WorldResult } from '../../../worlds/run.ts'
import type { BuildRequest } from '../../build-request.ts'
import { missingDebianPackages } from '../../python/debian-packages.ts'
import { driverError } from '../../python/failures.ts'

const shownLines = 25
/** What is longer is no message for people, and would take long to search. */
const longestLine = 1000

interface Complaint {
  when: RegExp
  /** What it is, in words; `$1` is what the pattern took. */
  found: string
  fix: string
}

/** What dpkg, debhelper and make say, most telling first. */
const complaints: readonly Complaint[] = [
  {
    when: /Sorry, but (\d+) is the highest compatibility level supported|Compatibility levels before (\d+) are no longer supported|debian\/compat is no longer a supported source|ompat(?:ibility)? level (\d+)[^\n]*(?:not supported|too high|unsupported)/i,
    found: 'a debhelper compatibility level that this suite does not know',
    fix: 'Ask for a level that its debhelper has, with debhelper-compat in Build-Depends; or choose another suite.'
  },
  {
    when: /patch[^\n]*--fuzz|Hunk #\d+ FAILED|Hunk #\d+ succeeded at \d+ with fuzz|the patch has fuzz|dpkg-source: error: [^\n]*(?:patch|series)[^\n]*|dpkg-source: info: the patch has fuzz[^\n]*/,
    found: 'a patch of debian/patches that does not apply to the tree of the tag',
    fix: 'Refresh it with quilt: patches must apply without fuzz, or be applied already.'
  },
  {
    when: /dh_testroot|must be (?:run as |executed as )?root|(?:requires|need(?:s)?) (?:to be )?root\b|fakeroot: (?:command )?not found|gain-root-command|install: cannot change owner|chown: changing ownership[^\n]*Operation not permitted/i,
    found: 'debian/rules wants to be root',
    fix: 'A build is an ordinary user. If files of the package belong to others than root, write Rules-Requires-Root: binary-targets, and lock again; else write Rules-Requires-Root: no and drop the owners.'
  },
  {
    when: /Temporary failure in name resolution|Network is unreachable|Could not resolve host|Name or service not known|getaddrinfo|unable to resolve host address|Failed to establish a new connection|No matching distribution found/,
    found: 'debian/rules wants the network',
    fix: 'A build has none. Take what it fetches from Debian packages in Build-Depends, or commit it.'
  },
  {
    when: /dh_auto_test: error|\*\*\* \[[^\]]*(?:test|check)[^\]]*\] Error|(?:pytest|unittest)[^\n]*(?:exit code|returned)|=+ \d+ failed|FAILED \((?:failures|errors)=/,
    found: 'tests that ran, and failed',
    fix: 'Tests do not belong into the build of a release. Let debian/rules honour nocheck: ifeq (,$(filter nocheck,$(DEB_BUILD_OPTIONS))).'
  },
  {
    when: /ModuleNotFoundError: No module named '([\w.]+)'|ImportError/,
    found: 'a Python module that is not there ($1)',
    fix: 'Name its package (python3-…) in Build-Depends, then run tagproof lock.'
  },
  {
    when: /Can't locate ([\w/]+\.pm) in @INC/,
    found: 'a module of Perl that is not there ($1)',
    fix: 'Name its package in Build-Depends (dh-sequence-… for a sequence of debhelper), then run tagproof lock.'
  },
  {
    when: /fatal error: ([\w./+-]+): No such file|([\w./+-]+): (?:command )?not found|make(?:\[\d+\])?: ([\w./+-]+): No such file or directory/,
    found: 'something that is not there ($1)',
    fix: 'Name the Debian package that brings it in Build-Depends, then run tagproof lock.'
  },
  {
    when: /no binary artifacts found/,
    found: 'no package that was made for this architecture',
    fix: 'Let debian/rules binary make the packages that debian/control names, with dh_builddeb or dpkg-deb.'
  },
  {
    when: /debian\/changelog[^\n]*(?:error|badly formatted|unexpected|found)/,
    found: 'a debian/changelog that dpkg cannot read',
    fix: 'Correct it as deb-changelog(5) says; dpkg-parsechangelog shows what it finds.'
  }
]

/** The error for a build that did not end well: what stood in the way, the last lines, and the next step. */
export function debianError(
  request: Pick<BuildRequest, 'target' | 'world' | 'limits'>,
  world: Pick<WorldResult, 'code' | 'contained' | 'output'>
): TagproofError {
  if (world.contained !== null) return driverError(request, world)
  const { name, path } = request.target
  const folder = path === '.' ? 'debian' : `${path}/debian`
  const unmet = /dpkg-checkbuilddeps: error: [Uu]nmet build dependencies: (.*)/.exec(world.output)?.[1]
  const conflicting = /dpkg-checkbuilddeps: error: [Bb]uild conflicts: (.*)/.exec(world.output)?.[1]
  const output = lastLines(world.output, shownLines)
  if (unmet !== undefined || conflicting !== undefined)
    return new TagproofError('lock-incomplete', `The lock has another root than ${name} asks for.`, {
      where: `${folder}/control`,
      found: unmet === undefined ? `in the way: ${conflicting ?? ''}` : `not met: ${unmet}`,
      output,
      fix: 'Run tagproof lock, commit the lock, and tag that commit.'
    })
  const known = complaintIn(
    world.output
      .split('\n')
      .map((line) => line.slice(0, longestLine))
      .join('\n')
  )
  const packages = missingDebianPackages(world.output)
  return new TagproofError('build-failed', `The build of ${name} in world ${request.world} failed.`, {
    where: `${folder}/rules`,
    found: known?.found ?? `${failedStep(world.output)} with status ${String(world.code)}`,
    output,
    ...(packages.length === 0 ? {} : { debianPackages: packages }),
    fix:
      packages.length > 0
        ? `Name ${packages.join(', ')} in Build-Depends of ${folder}/control, then run tagproof lock.`
        : (known?.fix ??
          'The lines above are what the build said. Run tagproof shell --world a to look around as the build does.')
  })
}

function complaintIn(output: string): { found: string; fix: string } | undefined {
  for (const { when, found, fix } of complaints) {
    const match = when.exec(output)
    if (match === null) continue
    const taken = match.slice(1).find(Boolean)
    return { found: taken === undefined ? found.replace(' ($1)', '') : found.replace('$1', taken), fix }
  }
  return undefined
}

/** What dpkg-buildpackage ran when it stopped, such as `debian/rules binary`. */
function failedStep(output: string): string {
  const said = /dpkg-buildpackage: error: (.{1,200}?) subprocess (?:returned|was|failed)/.exec(output)?.[1]
  return said === undefined ? 'it ended' : `${said} ended`
}
