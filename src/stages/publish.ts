import type { Proof } from '../documents/proof.ts'
import { readDocument } from '../documents/reading.ts'
import type { Release } from '../documents/release.ts'
import { publishObstacles } from '../evidence/trust.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile, joinInside } from '../platform/files.ts'
import { openRepository } from '../source/repository.ts'
import { resolveTag } from '../source/tag.ts'
import type { StageContext } from './context.ts'
import { publishLocally } from './record.ts'

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
  requireTrusted(proof, release)
  await requireSameTag(context, proof)
  await requireSamePackages(context, release)
  await publishLocally(context, release)
  return release
}

function requireTrusted(proof: Proof, release: Release): void {
  if (proof.verdict !== 'proven' || release.verdict !== 'proven')
    throw new TagproofError('release-refused', `The release ${release.tag} is not proven.`, {
      fix: 'Read the findings in proof.json, and correct them before publishing.'
    })
  const [obstacle] = publishObstacles(proof.trust)
  if (obstacle !== undefined)
    throw new TagproofError('release-refused', 'The proof rests on something that the tag does not hold.', {
      found: `config ${proof.trust.config}, lock ${proof.trust.lock}`,
      fix: obstacle
    })
}

async function requireSameTag(context: StageContext, proof: Proof): Promise<void> {
  const repository = await openRepository(context.repository)
  try {
    const now = await resolveTag(repository, proof.tag.name)
    if (now.object === proof.tag.object && now.commit === proof.tag.commit) return
    throw new TagproofError('tag-moved', `The tag ${proof.tag.name} has moved since the proof.`, {
      found: `${now.object}, commit ${now.commit}`,
      expected: `${proof.tag.object}, commit ${proof.tag.commit}`,
      fix: 'Find out who moved the tag. A release is made again from the start, under a new tag.'
    })
  } finally {
    await repository.close()
  }
}

async function requireSamePackages(context: StageContext, release: Release): Promise<void> {
  for (const artifact of release.artifacts) {
    const found = await hashFile(joinInside(context.out.packages, artifact.name))
    if (found.sha256 !== artifact.sha256)
      throw new TagproofError(
        'hash-mismatch',
        `The package ${artifact.name} is not the one that was proven.`,
        {
          where: `packages/${artifact.name}`,
          found: found.sha256,
          expected: artifact.sha256,
          fix: 'Run the stage prove again; find out what wrote to the folder.'
        }
      )
  }
}
