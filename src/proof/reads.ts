import type { Finding } from '../documents/proof.ts'
import { countOf, listOf } from './complete.ts'

/** Files that a build read and an earlier one did not. */
export interface NewReads {
  /** Files that a reviewer cannot read, or that lie under tests, docs, examples or benchmarks. */
  opaque: string[]
  others: string[]
}

/**
 * What one build read of the tagged tree and another did not, each sorted; null where one of the two is unknown.
 *
 * @param opaque whether world b sees a path scrambled, or would if it were not declared an input
 */
export function newReads(
  now: readonly string[] | null,
  before: readonly string[] | null,
  opaque: (path: string) => boolean
): NewReads | null {
  if (now === null || before === null) return null
  const known = new Set(before)
  const found: NewReads = { opaque: [], others: [] }
  for (const path of [...now].sort())
    if (!known.has(path) && !path.startsWith('.git/')) found[opaque(path) ? 'opaque' : 'others'].push(path)
  return found
}

/** Tells what was read for the first time: opaque files first, as a warning, the others as a note. */
export function newReadsFindings(reads: NewReads | null, tag: string): Finding[] {
  if (reads === null) return []
  return [
    ...told(
      reads.opaque,
      'warn',
      `that nobody can review, which the build of ${tag} did not read`,
      'Find out what reads them and why. A build that only copies them is proven harmless by world b; one that computes with them is refused.'
    ),
    ...told(reads.others, 'note', `that the build of ${tag} did not read`, null)
  ]
}

function told(
  paths: readonly string[],
  severity: 'warn' | 'note',
  what: string,
  fix: string | null
): Finding[] {
  if (paths.length === 0) return []
  return [
    {
      check: 'complete',
      code: 'reads-new',
      severity,
      artifact: null,
      member: null,
      message: `The build read ${countOf(paths)} ${what}: ${listOf(paths)}`,
      cause: null,
      fix,
      waiver: null
    }
  ]
}
