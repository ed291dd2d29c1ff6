import type { ImageBuildResult } from '../../builders/builder.ts'
import { TagproofError, type ErrorCode } from '../../platform/errors.ts'
import { lastLines } from '../../platform/process.ts'
import type { DockerfileRequest } from './dockerfile-inputs.ts'

const contained: Record<
  NonNullable<ImageBuildResult['contained']>,
  { code: ErrorCode; what: string; limit: 'minutes' | 'memory-mib' | 'processes' | 'disk-mib' }
> = {
  timeout: { code: 'build-timeout', what: 'took longer than it may', limit: 'minutes' },
  memory: { code: 'build-memory', what: 'used more memory than it may', limit: 'memory-mib' },
  processes: { code: 'build-processes', what: 'started more processes than it may', limit: 'processes' },
  disk: { code: 'build-disk', what: 'wrote more than it may', limit: 'disk-mib' }
}
const shownLines = 25

/** The error for a build that did not end well: which limit, or which step with its last lines, and what to do. */
export function dockerfileError(
  request: Pick<DockerfileRequest, 'target' | 'world' | 'limits'>,
  dockerfile: string,
  result: Pick<ImageBuildResult, 'code' | 'contained' | 'output'>
): TagproofError {
  const output = lastLines(result.output.split('\n').filter(isTelling).join('\n'), shownLines)
  const who = `The build of ${request.target.name} in world ${request.world}`
  if (result.contained !== null) {
    const { code, what, limit } = contained[result.contained]
    return new TagproofError(code, `${who} ${what}, and was stopped.`, {
      expected: `at most ${request.limits[limit]} (limits.${limit})`,
      output,
      fix: `Find out what it does there; if it needs that much, raise limits.${limit} in .github/tagproof.yml.`
    })
  }
  const line = /^Dockerfile[^\n]*:(\d+)$/m.exec(result.output)?.[1] ?? failedLine(result.output)
  const found = /^(?:error: )?failed to solve: (.*)$/m
    .exec(result.output)?.[1]
    ?.replace(/^.*: rpc error: /, '')
  return new TagproofError('build-failed', `${who} failed.`, {
    ...(line === undefined ? {} : { where: `${dockerfile}:${line}` }),
    ...(found === undefined ? { found: `status ${String(result.code)}` } : { found: found.slice(0, 1000) }),
    output,
    fix: remedy(result.output)
  })
}

/** Of the excerpt that a builder prints: `   4 | >>> RUN …`. */
function failedLine(output: string): string | undefined {
  return /^\s*(\d+) \| >>> /m.exec(output)?.[1]
}

/** Progress of transfers and the builder's own log say nothing to the user. */
function isTelling(line: string): boolean {
  return !/^time="[^"]*" level=|^#\d+ (DONE|CACHED|transferring|resolve|sha256:|extracting|\[internal\])|^\s*$/.test(
    line
  )
}

const remedies: readonly { when: RegExp; fix: string }[] = [
  {
    when: /docker-image:\/\/|failed to resolve source metadata|pull access denied/,
    fix: 'A base image is not among the inputs. Run tagproof lock, commit the lock, and tag that commit.'
  },
  {
    when: /No matching distribution found|Could not find a version that satisfies/,
    fix: 'pip finds the locked wheels in the context tagproof-wheels: RUN --mount=type=bind,from=tagproof-wheels,target=/wheels pip install --no-index --find-links /wheels …; a wheel that is missing there belongs into `requirements:` of the target, then run tagproof lock.'
  },
  {
    when: /Unable to locate package|has no installation candidate/,
    fix: 'Packages of Debian come from the context tagproof-debs, which holds what the lock lists: name the package under `packages:` of the target, then run tagproof lock.'
  },
  {
    when: /Temporary failure (in name resolution|resolving)|Could not resolve|Network is unreachable|Name or service not known|getaddrinfo|bad address|NewConnectionError/,
    fix: 'A step has no network. apt-get finds the locked packages in the context tagproof-debs, pip its wheels in tagproof-wheels; anything else belongs into the tree, or into a locked base image.'
  },
  {
    when: /sudo: .*(no new privileges|effective uid is not 0)/,
    fix: 'Steps cannot gain privileges. Do it as root before the USER instruction.'
  },
  {
    when: /exec format error/,
    fix: 'A program is for another kind of machine. Build each platform on a machine of its kind.'
  },
  {
    when: /Operation not permitted/,
    fix: 'A step is root of its image alone: it makes no devices, mounts nothing and has no privileges on the machine.'
  },
  {
    when: /failed to calculate checksum|"[^"]*": not found|failed to compute cache key/,
    fix: 'The file is not in the context: it is not tracked by git at the tag, or .dockerignore leaves it out.'
  }
]

function remedy(output: string): string {
  const known = remedies.find((entry) => entry.when.test(output))?.fix
  return known ?? 'The lines above are what the builder said; the whole log is in the log of the build.'
}
