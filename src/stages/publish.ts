import { fileJournal } from '../destinations/journal.ts'
import { runPublication, type Publication } from '../destinations/publication.ts'
import { formatDocument } from '../documents/format.ts'
import type { Proof } from '../documents/proof.ts'
import { readDocument } from '../documents/reading.ts'
import type { Release } from '../documents/release.ts'
import { briefLine } from '../evidence/brief.ts'
import { formatPublished } from '../evidence/publication.ts'
import { publishObstacles } from '../evidence/trust.ts'
import { TagproofError } from '../platform/errors.ts'
import { writeFileAtomic } from '../platform/files.ts'
import { openRepository } from '../source/repository.ts'
import { requireUnmoved } from '../source/tag.ts'
import { readBrief } from './brief.ts'
import { requireAccepted } from './adopt-accepted.ts'
import { signalOf, type StageContext } from './context.ts'
import { destinationsOfTree } from './destinations-of-tree.ts'
import { openDestinations, type Credentials } from './publish-destinations.ts'
import { requireSamePages } from './recorded-pages.ts'
import { publishLocally } from './local-destinations.ts'
import { judgedBy, readTry, releaseOf, requireSamePackages } from './record.ts'
import { readUploads } from './uploads.ts'

/** A release that was published, and what this run did. */
export interface Published extends Publication {
  release: Release
}

/**
 * Publishes a proven release to the destinations that the configuration of its tag lists, and fills `local/`. Runs no
 * project code and opens no archive: it hashes the packages again, resolves the tag again, and writes what is missing.
 *
 * @throws TagproofError `release-refused` unless the proof says proven and config and lock are the tag's own;
 *   `document-mismatch`, `hash-mismatch`, `tag-moved` if something changed since the proof; of `runPublication`
 */
export async function publish(context: StageContext, credentials: Credentials): Promise<Published> {
  const { document: proof, sha256: proofDigest } = await readDocument('proof', context.out.proof)
  const { document: release, sha256 } = await readDocument('release', context.out.release)
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
  await requireAccepted(context, proof, release.artifacts)
  const brief = await readBrief(context, proof)
  await requireSamePages(context, judged, release, brief)
  context.log.info(briefLine(brief, proof.brief))
  const { settings, files } = await destinationsOf(context, proof)
  await requireSamePackages(context, release.artifacts)
  const uploads = await readUploads(context, proof)
  const { destinations, close } = await openDestinations(context, {
    settings,
    release,
    uploads,
    credentials,
    files
  })
  try {
    const published = { ...release, sha256 }
    const journal = await fileJournal(context.out.receipt, published, context.log)
    const { log } = context
    const done = await runPublication({
      release: published,
      destinations,
      journal,
      log,
      ...signalOf(context)
    })
    await publishLocally(context, release)
    await writeFileAtomic(context.out.publishSummary, formatPublished(release, done))
    return { release, ...done }
  } finally {
    close()
  }
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
  if (proof.verdict === 'refused' || release.verdict === 'refused')
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

/** The tag is resolved again, and must not have moved. */
async function destinationsOf(context: StageContext, { tag }: Proof): ReturnType<typeof destinationsOfTree> {
  const repository = await openRepository(context.repository)
  try {
    await requireUnmoved(repository, tag)
    return await destinationsOfTree(repository, tag.tree)
  } finally {
    await repository.close()
  }
}
