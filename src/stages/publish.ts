import { formatDocument } from '../documents/format.ts'
import type { Proof } from '../documents/proof.ts'
import { readDocument } from '../documents/reading.ts'
import type { Release } from '../documents/release.ts'
import { briefLine } from '../evidence/brief.ts'
import { publishObstacles } from '../evidence/trust.ts'
import { TagproofError } from '../platform/errors.ts'
import { openRepository } from '../source/repository.ts'
import { requireUnmoved } from '../source/tag.ts'
import { readBrief } from './brief.ts'
import type { StageContext } from './context.ts'
import { judgedBy, publishLocally, readTry, releaseOf, requireSamePackages } from './record.ts'

/**
 * Publishes a proven release. This version knows the directory destinations only. Runs no project code and
 * parses no archive: it hashes the packages again, resolves the tag again, and writes.
 *
 * @throws TagproofError `release-refused` unless the proof says proven and config and lock are the tag's own;
 *   `document-mismatch`, `hash-mismatch`, `tag-moved` if something changed since the proof
 */
export async function publish(context: StageContext): Promise<Release> {
  const { document: proof, sha256: proofDigest } = await readDocument('proof', context.out.proof)
  const { document: release } = await readDocument('release', context.out.release)
  if (release.proof !== proofDigest)
    throw new TagproofError('document-mismatch', 'release.json belongs to another proof.', {
      where: 'release.json: proof',
      found: proofDigest,
      expected: release.proof,
      fix: 'Hand on proof.json and release.json of the same prove stage.'
    })
  const tried = await readTry(context, proofDigest)
  const judged = tried === null ? proof : judgedBy(proof, tried.document)
  requireSameRelease(releaseOf(judged, proofDigest, tried?.sha256 ?? null), release)
  requireTrusted(judged, release)
  context.log.info(briefLine(await readBrief(context, proof), proof.brief))
  await requireSameTag(context, proof)
  await requireSamePackages(context, release.artifacts)
  await publishLocally(context, release)
  return release
}

/** `release.json` says nothing that proof and try do not say: what is published is what was proven. */
function requireSameRelease(expected: Release, release: Release): void {
  if (formatDocument(release) === formatDocument(expected)) return
  throw new TagproofError('document-mismatch', 'release.json does not say what proof.json says.', {
    where: 'release.json',
    fix: 'It was altered after it was recorded; run tagproof record again, and find out what wrote to it.'
  })
}

function requireTrusted(proof: Proof, release: Release): void {
  if (proof.verdict !== 'proven' || release.verdict !== 'proven')
    throw new TagproofError('release-refused', `The release ${release.tag} is not proven.`, {
      fix: 'Read the findings in proof.json, and correct them before publishing.'
    })
  const [obstacle] = publishObstacles(proof)
  if (obstacle !== undefined)
    throw new TagproofError('release-refused', 'The proof rests on something that the tag does not hold.', {
      found: `config ${proof.trust.config}, lock ${proof.trust.lock}`,
      fix: obstacle
    })
}

async function requireSameTag(context: StageContext, proof: Proof): Promise<void> {
  const repository = await openRepository(context.repository)
  try {
    await requireUnmoved(repository, proof.tag)
  } finally {
    await repository.close()
  }
}
