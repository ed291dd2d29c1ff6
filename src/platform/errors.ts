import { printable } from './printable.ts'

/**
 * The closed set of things that can stop a run. The first part names the area, so that a code in a log
 * leads to its page in `docs/errors.md`.
 */
export type ErrorCode =
  // 2: wrong use or configuration
  | 'usage'
  | 'config-invalid'
  | 'document-invalid'
  | 'document-mismatch'
  | 'target-none'
  | 'target-unknown'
  | 'repository-invalid'
  | 'tag-missing'
  | 'tag-not-a-commit'
  | 'tag-name'
  | 'tag-moved'
  | 'object-missing'
  | 'object-corrupt'
  | 'epoch-refused'
  | 'submodule-refused'
  | 'lfs-pointer'
  | 'path-refused'
  | 'version-unknown'
  | 'version-mismatch'
  | 'lock-missing'
  | 'lock-invalid'
  | 'lock-incomplete'
  | 'lock-unresolvable'
  | 'lock-language'
  | 'single-job'
  | 'file-differs'
  | 'event-refused'
  | 'fork-refused'
  | 'same-machine'
  | 'permission-missing'
  | 'environment-missing'
  | 'secret-empty'
  // 1: the release is refused
  | 'build-failed'
  | 'build-timeout'
  | 'build-memory'
  | 'build-processes'
  | 'build-disk'
  | 'build-output'
  | 'archive-invalid'
  | 'hash-mismatch'
  | 'release-refused'
  | 'destination-different'
  | 'project-refused'
  | 'upload-refused'
  | 'alias-unknown'
  | 'suite-refused'
  | 'job-failed'
  | 'handover-changed'
  | 'handover-extra'
  // 3: the environment lacks something
  | 'tool-missing'
  | 'privilege-missing'
  | 'sandbox-unavailable'
  | 'network'
  | 'index-answer'
  | 'login-refused'
  | 'readback-missing'
  | 'store-unfit'
  | 'signing-failed'
  | 'signing-key'
  | 'input-missing'
  | 'signature-invalid'
  | 'disk-full'
  | 'read-only'
  | 'handover-missing'
  | 'handover-failed'
  | 'runner-too-old'
  // other
  | 'cancelled'
  | 'internal'

/** Exit status of the command, a contract with scripts: 0 done, 1 refused, 2 wrong use, 3 environment, 4 fault. */
export type ExitStatus = 0 | 1 | 2 | 3 | 4 | 130

const refused: readonly ErrorCode[] = [
  'build-failed',
  'build-timeout',
  'build-memory',
  'build-processes',
  'build-disk',
  'build-output',
  'archive-invalid',
  'hash-mismatch',
  'release-refused',
  'destination-different',
  'project-refused',
  'upload-refused',
  'alias-unknown',
  'suite-refused',
  'job-failed',
  'handover-changed',
  'handover-extra'
]

const environment: readonly ErrorCode[] = [
  'tool-missing',
  'privilege-missing',
  'sandbox-unavailable',
  'network',
  'index-answer',
  'login-refused',
  'readback-missing',
  'store-unfit',
  'signing-failed',
  'signing-key',
  'input-missing',
  'signature-invalid',
  'disk-full',
  'read-only',
  'handover-missing',
  'handover-failed',
  'runner-too-old'
]

export interface ErrorDetail {
  /** What was found, in one phrase. */
  found?: string
  /** What would have been right. */
  expected?: string
  /** What the user does next. */
  fix?: string
  /** File and line of the user's own text, `path:line`. */
  where?: string
  /** Last lines of foreign output, already bounded. */
  output?: string
  /** Packages of Debian that bring what was missing. */
  debianPackages?: readonly string[]
  cause?: unknown
}

/** The one error class: a code, a sentence, and the next step. */
export class TagproofError extends Error {
  readonly code: ErrorCode
  readonly detail: Readonly<ErrorDetail>

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'TagproofError'
    this.code = code
    this.detail = detail
  }
}

/** What the system says of paths that lead through files, in circles, or too far. */
const unusablePath: readonly string[] = ['ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG']

/** Turns anything thrown into a {@link TagproofError}; full and read-only disks get their own codes. */
export function asTagproofError(thrown: unknown): TagproofError {
  if (thrown instanceof TagproofError) return thrown
  const systemCode = (thrown as { code?: unknown } | null)?.code
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (systemCode === 'ENOSPC' || systemCode === 'EDQUOT')
    return new TagproofError('disk-full', `The disk is full: ${message}`, {
      fix: 'Free space, or choose another folder with --out; then run the same command again.',
      cause: thrown
    })
  if (systemCode === 'EROFS' || systemCode === 'EACCES' || systemCode === 'EPERM')
    return new TagproofError('read-only', `A file cannot be written or read: ${message}`, {
      fix: 'Choose a folder that you may write with --out, or correct its permissions.',
      cause: thrown
    })
  if (unusablePath.includes(String(systemCode)))
    return new TagproofError('usage', `A path cannot be used: ${message}`, {
      fix: 'Name a folder that can be made; what is a file cannot hold others.',
      cause: thrown
    })
  return new TagproofError('internal', message, { cause: thrown })
}

/** The exit status that a code stands for. */
export function exitStatusOf(code: ErrorCode): ExitStatus {
  if (code === 'internal') return 4
  if (code === 'cancelled') return 130
  if (refused.includes(code)) return 1
  return environment.includes(code) ? 3 : 2
}

/** The text a user sees: sentence, found/expected, place, last output, next step. */
export function describeError(error: TagproofError): string {
  const { found, expected, where, output, fix } = error.detail
  const lines = [`${error.code}: ${printable(error.message)}`]
  if (where !== undefined) lines.push(`  at        ${printable(where)}`)
  if (found !== undefined) lines.push(`  found     ${printable(found)}`)
  if (expected !== undefined) lines.push(`  expected  ${printable(expected)}`)
  if (output !== undefined && output.trim() !== '') lines.push('  output', indent(output.trimEnd(), '    | '))
  if (fix !== undefined) lines.push(`  fix       ${fix}`)
  return lines.join('\n')
}

function indent(text: string, prefix: string): string {
  return text
    .split('\n')
    .map((line) => prefix + printable(line))
    .join('\n')
}
