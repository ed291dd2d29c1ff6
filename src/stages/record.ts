import { access } from 'node:fs/promises'
import { readDocument, writeDocument } from '../documents/reading.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import type { Proof } from '../documents/proof.ts'
import type { Release, ReleaseArtifact } from '../documents/release.ts'
import type { Try } from '../documents/try.ts'
import { briefLine } from '../evidence/brief.ts'
import { formatSums } from '../evidence/sums.ts'
import { formatSummary } from '../evidence/summary.ts'
import { TagproofError } from '../platform/errors.ts'
import { hashFile, joinInside, writeFileAtomic } from '../platform/files.ts'
import { readBrief } from './brief.ts'
import { clearFrom, type StageContext } from './context.ts'

/**
 * Writes down what is released: `release.json`, `SHA256SUMS` and `summary.md`, from the proof and from the
 * packages, which are hashed again. A refused release gets its record too, with no artifact in it.
 */
export async function record(context: StageContext): Promise<Release> {
  const { document: proof, sha256: proofDigest } = await readDocument('proof', context.out.proof)
  const brief = await readBrief(context, proof)
  await clearFrom(context.out, 'record')
  context.log.info(briefLine(brief, proof.brief))
  await requireSamePackages(context, proof.artifacts)
  const tried = await readTry(context, proofDigest)
  const judged = tried === null ? proof : judgedBy(proof, tried.document)
  const release = releaseOf(judged, proofDigest, tried?.sha256 ?? null)
  if (judged.verdict !== 'refused') await writeFileAtomic(context.out.sums, formatSums(release.artifacts))
  await writeFileAtomic(context.out.summary, formatSummary(judged, release, brief))
  await writeDocument('release', context.out.release, release)
  return release
}

/**
 * What `try` said of the packages of this proof; null where they were not tried.
 *
 * @throws TagproofError `document-mismatch` for the `try.json` of another proof
 */
export async function readTry(
  context: StageContext,
  proofDigest: Sha256
): Promise<{ document: Try; sha256: Sha256 } | null> {
  const there = await access(context.out.try).then(
    () => true,
    () => false
  )
  if (!there) return null
  const read = await readDocument('try', context.out.try)
  if (read.document.proof === proofDigest) return read
  throw new TagproofError('document-mismatch', 'try.json belongs to another proof.', {
    where: 'try.json: proof',
    found: read.document.proof,
    expected: proofDigest,
    fix: 'Run tagproof try again, after prove.'
  })
}

/** The proof with what trying has found: a package that does not install or start is not released. */
export function judgedBy(proof: Proof, { findings }: Try): Proof {
  const refused = findings.some(({ severity }) => severity === 'refuse')
  return {
    ...proof,
    findings: [...proof.findings, ...findings],
    ...(refused ? { verdict: 'refused', artifacts: [] } : {})
  }
}

/** The proof of this folder, with what trying has found where the packages were tried. */
export async function judgedProof(context: StageContext): Promise<Proof> {
  const { document: proof, sha256 } = await readDocument('proof', context.out.proof)
  const tried = await readTry(context, sha256)
  return tried === null ? proof : judgedBy(proof, tried.document)
}

/** What `release.json` says of a proof with this SHA-256. */
export function releaseOf(proof: Proof, proofDigest: Sha256, tried: Sha256 | null): Release {
  return {
    schema: 'tagproof/release/1',
    tag: proof.tag.name,
    commit: proof.tag.commit,
    tree: proof.tag.tree,
    epoch: proof.tag.epoch,
    version: proof.version,
    verdict: proof.verdict,
    proof: proofDigest,
    try: tried,
    artifacts: proof.artifacts
  }
}

/** Hashes every package again. @throws TagproofError `hash-mismatch`, or `input-missing` for one that is not there */
export async function requireSamePackages(
  context: StageContext,
  artifacts: readonly ReleaseArtifact[]
): Promise<void> {
  for (const artifact of artifacts) {
    const found = await hashFile(joinInside(context.out.packages, artifact.name)).catch((error: unknown) => {
      throw new TagproofError('input-missing', `The package ${artifact.name} is not there.`, {
        where: `packages/${artifact.name}`,
        fix: 'Run tagproof prove again.',
        cause: error
      })
    })
    if (found.sha256 !== artifact.sha256)
      throw new TagproofError(
        'hash-mismatch',
        `The package ${artifact.name} is not the one that was proven.`,
        {
          where: `packages/${artifact.name}`,
          found: found.sha256,
          expected: artifact.sha256,
          fix: 'Run tagproof prove again; find out what wrote to the folder.'
        }
      )
  }
}
