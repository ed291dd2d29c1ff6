import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Brief } from '../documents/brief.ts'
import type { Proof } from '../documents/proof.ts'
import type { Release } from '../documents/release.ts'
import { formatSummary } from '../evidence/summary.ts'
import { formatSums } from '../evidence/sums.ts'
import { TagproofError } from '../platform/errors.ts'
import type { StageContext } from './context.ts'

/**
 * `SHA256SUMS` and `summary.md` are what people check and approve by: they say what the documents say, to the byte.
 *
 * @param judged the proof, with what trying has found
 * @throws TagproofError `document-mismatch`
 */
export async function requireSamePages(
  { out }: StageContext,
  judged: Proof,
  release: Release,
  brief: Brief
): Promise<void> {
  const pages = [
    [out.sums, formatSums(release.artifacts)],
    [out.summary, formatSummary(judged, release, brief)]
  ] as const
  for (const [file, expected] of pages) {
    const found = await readFile(file, 'utf8').catch(() => null)
    if (found === expected) continue
    const name = path.basename(file)
    throw new TagproofError(
      'document-mismatch',
      `${name} does not say what proof.json and release.json say.`,
      {
        where: name,
        found: found === null ? 'no such file' : 'another text',
        fix: 'Run tagproof record again, and find out what wrote to it.'
      }
    )
  }
}
