import { z } from 'zod'
import { TagproofError, type ErrorCode } from '../../platform/errors.ts'
import { lastLines } from '../../platform/process.ts'
import type { WorldResult } from '../../worlds/run.ts'
import { missingDebianPackages } from './debian-packages.ts'
import type { DriverRequest } from './driver.ts'

/** What driver.py says in its last line. Project code could imitate it: it explains, it decides nothing. */
const failureField = z.object({
  kind: z.enum(['hook', 'answer', 'requires', 'git', 'driver']),
  message: z.string(),
  hook: z.string().optional(),
  status: z.number().optional(),
  exception: z.string().optional(),
  requirement: z.string().optional(),
  because: z.string().optional()
})
type Failure = z.output<typeof failureField>

const mark = 'tagproof-driver: '
const shownLines = 20

const contained: Record<
  NonNullable<WorldResult['contained']>,
  { code: ErrorCode; what: string; limit: string }
> = {
  timeout: { code: 'build-timeout', what: 'took longer than it may', limit: 'minutes' },
  memory: { code: 'build-memory', what: 'used more memory than it may', limit: 'memory-mib' },
  processes: { code: 'build-processes', what: 'started more processes than it may', limit: 'processes' },
  disk: { code: 'build-disk', what: 'wrote more than it may', limit: 'disk-mib' }
}

/** The error for a driver that did not end well: which limit, which hook, which requirement, and the last lines. */
export function driverError(
  request: Pick<DriverRequest, 'target' | 'world' | 'limits'>,
  world: Pick<WorldResult, 'code' | 'contained' | 'output'>
): TagproofError {
  const failure = readFailure(world.output)
  const output = lastLines(
    world.output
      .split('\n')
      .filter((line) => !line.startsWith(mark))
      .join('\n'),
    shownLines
  )
  const who = `The build of ${request.target.name} in world ${request.world}`
  if (world.contained !== null) {
    const { code, what, limit } = contained[world.contained]
    return new TagproofError(code, `${who} ${what}, and was stopped.`, {
      expected: `at most ${request.limits[limit as keyof typeof request.limits]} (limits.${limit})`,
      output,
      fix: `Find out what it does there; if it needs that much, raise limits.${limit} in .github/tagproof.yml.`
    })
  }
  if (failure?.kind === 'requires') return missingRequirement(request.target.name, failure, output)
  if (failure !== undefined) return failed(who, failure, output, missingDebianPackages(world.output))
  return new TagproofError('build-failed', `${who} ended with status ${String(world.code)}.`, { output })
}

function readFailure(output: string): Failure | undefined {
  const line = output.split('\n').findLast((text) => text.startsWith(mark))
  if (line === undefined) return undefined
  try {
    return failureField.parse(JSON.parse(line.slice(mark.length)))
  } catch {
    return undefined
  }
}

function missingRequirement(target: string, failure: Failure, output: string): TagproofError {
  return new TagproofError('lock-incomplete', `The lock lacks a build requirement of ${target}.`, {
    found: failure.message,
    expected: `${failure.requirement ?? 'it'}, asked for by ${failure.because ?? 'the build'}`,
    output,
    fix: 'Run tagproof lock, commit the lock, and tag that commit.'
  })
}

function failed(
  who: string,
  failure: Failure,
  output: string,
  debianPackages: readonly string[]
): TagproofError {
  const exception = failure.exception?.split('\n')[0] ?? ''
  const end = failure.status === undefined ? '' : statusText(failure.status)
  return new TagproofError('build-failed', `${who} failed: ${failure.message}.`, {
    ...(failure.hook === undefined ? {} : { where: failure.hook }),
    found: [exception, end].filter((part) => part !== '').join('; ') || failure.message,
    output,
    ...(debianPackages.length === 0 ? {} : { debianPackages }),
    fix:
      debianPackages.length === 0
        ? remedy(failure)
        : `Name ${debianPackages.join(', ')} under \`packages:\` of the target in .github/tagproof.yml, then run tagproof lock.`
  })
}

function statusText(status: number): string {
  if (status === 0) return ''
  return status < 0 ? `ended by signal ${-status}` : `ended with status ${status}`
}

const remedies: readonly { when: RegExp; fix: string }[] = [
  {
    when: /ModuleNotFoundError|ImportError|No module named/,
    fix: 'Add what is imported to build-system.requires in pyproject.toml, then run tagproof lock.'
  },
  {
    when: /Temporary failure in name resolution|Network is unreachable|Name or service not known|URLError|ConnectionError|getaddrinfo/,
    fix: 'A build has no network. Commit what it downloads, or make it a locked requirement.'
  },
  {
    when: /Read-only file system|PermissionError/,
    fix: 'A build may write below its own folder, HOME and TMPDIR. Let it write there.'
  },
  {
    when: /command '?[\w+-]*(gcc|cc|g\+\+|clang|cargo|cmake|ninja)'? failed|No such file or directory: '[\w+-]+'|not found/,
    fix: 'If a program is missing, name its Debian package under `packages:` of the target, then run tagproof lock.'
  }
]

function remedy({ kind, exception = '' }: Failure): string {
  const known = remedies.find((entry) => entry.when.test(exception))?.fix
  if (known !== undefined) return known
  if (kind === 'answer') return 'The backend does not keep to PEP 517; try another version of it.'
  return 'The lines above are what the build said. Run tagproof shell --world a to look around as the build does.'
}
