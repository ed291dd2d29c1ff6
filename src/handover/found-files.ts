import type { Handover, HandedFile } from '../documents/handover.ts'
import { TagproofError } from '../platform/errors.ts'
import type { StoredFile } from '../platform/artifacts/store.ts'

/** Our names: stage, attempt, and the beginning of the SHA-256, so that a rerun never meets its own earlier upload. */
export function artifactName(label: string, attempt: number, sha256: string, again = 0): string {
  return `tagproof-${label}-${attempt}-${sha256.slice(0, 12)}${again === 0 ? '' : `-${again}`}`
}

const ourName = /^tagproof-(?:plan-(?:build-[ab]|prove)|build-(?:a|b|ab)|prove)-(\d+)-[0-9a-f]{12}(?:-\d+)?$/

/**
 * Finds what was handed over among the artifacts of the run: by its SHA-256 alone. The name only tells what happened
 * where it is not there.
 *
 * @throws TagproofError `handover-changed`, `handover-missing`
 */
export function findHanded(
  handed: Pick<HandedFile, 'name' | 'sha256'>,
  stored: readonly StoredFile[]
): StoredFile {
  const found = stored.find(({ sha256 }) => sha256 === handed.sha256)
  if (found !== undefined) return found
  const namesake = stored.find(({ name }) => name === handed.name)
  if (namesake !== undefined)
    throw new TagproofError('handover-changed', `The artifact ${handed.name} is not what was handed over.`, {
      found: namesake.sha256 ?? 'no SHA-256',
      expected: handed.sha256,
      fix: 'Find out which job wrote it, then run all jobs again.'
    })
  throw new TagproofError('handover-missing', `The artifact ${handed.name} is not in this run any more.`, {
    found: `${stored.length} other artifacts`,
    expected: `one with SHA-256 ${handed.sha256}`,
    fix: 'It has expired, was removed, or belongs to an earlier attempt: run all jobs again.'
  })
}

/**
 * Artifacts under names of ours that nobody says to have handed over. Those of earlier attempts are left over from
 * jobs that ran again.
 */
export function unknownFiles(
  known: Handover['before'],
  stored: readonly StoredFile[],
  attempt: number
): { earlier: string[]; extra: string[] } {
  const names = new Set(known.map(({ name }) => name))
  const hashes = new Set<string | null>(known.map(({ sha256 }) => sha256))
  const unknown = stored.filter(({ name, sha256 }) => !names.has(name) && !hashes.has(sha256))
  const of = (test: (own: number) => boolean): string[] =>
    unknown
      .map(({ name }) => name)
      .filter((name) => {
        const own = ourName.exec(name)?.[1]
        return own !== undefined && test(Number(own))
      })
  return { earlier: of((own) => own < attempt), extra: of((own) => own >= attempt) }
}
