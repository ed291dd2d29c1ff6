import { copyFile, rm } from 'node:fs/promises'
import type { BuiltArtifact } from '../documents/build.ts'
import type { Variation } from '../documents/fields.ts'
import type { Epoch, Sha256 } from '../documents/identifiers.ts'
import type { ScrambledFile, ScrambledLink } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import { contentDigest, readArchive, type Archive } from '../formats/archive.ts'
import { canonicalWheel, canonicalWheelDigest } from '../formats/canonical-wheel.ts'
import { canonicalSdist, canonicalSdistDigest } from '../formats/sdist.ts'
import { openWheel, wheelText } from '../formats/wheel.ts'
import { asTagproofError, TagproofError } from '../platform/errors.ts'
import { hashFile } from '../platform/files.ts'
import { compareMembers, packingDifferences } from './compare.ts'
import { explainDifferences } from './explain.ts'
import { readPair, sameBytes } from './pair.ts'
import { recordWithOriginals, replaceWithOriginals, type PutBacks, type ReadOriginal } from './putback.ts'
import { restoreWorldB } from './restore.ts'

export interface ReproduceRequest {
  /** The artifact as world a built it, and as world b did. */
  a: string
  b: string
  kind: BuiltArtifact['kind']
  /** File name of the artifact. */
  name: string
  epoch: Epoch
  scramble: readonly ScrambledFile[]
  links?: readonly ScrambledLink[]
  /** Seed of the scrambled files. */
  seed?: Sha256
  original: ReadOriginal
  /** Where the file that would be published is written, if the worlds agree. */
  shipped: string
  /** What varied, to name causes. */
  variations?: { a: readonly Variation[]; b: readonly Variation[] }
  /** What world b's build read of the tagged tree, where that is known. */
  reads?: readonly string[] | null
}

export interface Reproduced {
  /** Null where the worlds do not agree. */
  artifact: Omit<ReleaseArtifact, 'target'> | null
  findings: Finding[]
  /** Members that differ between the worlds; null where that could not be found out. */
  differing: ReadonlySet<string> | null
}

/**
 * Whether both worlds built the same artifact, once world b's copies of scrambled files have their originals back.
 *
 * Members are compared by path, kind, link target, executable bit and content. If all agree, the packing decides
 * which bytes are shipped:
 *
 * - `backend`: both files are the same, byte for byte, as the backend made them, and no original had to be put back.
 *   That file is shipped. (Where an original was put back, what the backend's compressor made of it in one world cannot
 *   be compared with anything, so such an artifact is never shipped as the backend packed it.)
 * - `canonical`: otherwise. Both go through our own writers, world b's with the originals in it, and what the writers
 *   would compress is hashed for each: it must agree. Our compressor is a function of its input, so it runs once, and
 *   the file that it makes is both worlds'.
 *
 * @throws TagproofError `document-mismatch` if an original is not what the plan says
 */
export async function reproduce(request: ReproduceRequest): Promise<Reproduced> {
  const { kind } = request
  if (kind !== 'sdist' && kind !== 'wheel')
    throw new TagproofError('internal', `Artifacts of kind ${kind} are not compared by this version.`)
  try {
    const archives = await readPair(request.a, request.b, kind)
    const { members: restored, putBacks } = await restoreWorldB({ ...request, kind, archives })
    const b = { ...archives.b, members: restored }
    const differences = compareMembers(archives.a.members, b.members, kind)
    if (differences.length > 0) {
      const members = [...archives.a.members, ...b.members].map((member) => member.path)
      return {
        artifact: null,
        findings: await explainDifferences(differences, { ...request, kind, members }),
        differing: new Set(differences.map(({ member }) => member))
      }
    }
    return await ship({ ...request, kind }, archives.a, b, putBacks)
  } catch (thrown) {
    await rm(request.shipped, { force: true })
    const error = asTagproofError(thrown)
    if (error.code !== 'archive-invalid') throw error
    return { artifact: null, findings: [invalidArchiveFinding(error, request.name)], differing: null }
  }
}

const noMembers: ReadonlySet<string> = new Set()

type PackageRequest = ReproduceRequest & { kind: 'sdist' | 'wheel' }

async function ship(
  request: PackageRequest,
  a: Archive,
  b: Archive,
  putBacks: PutBacks
): Promise<Reproduced> {
  const packing = await packingOf(request, a, b, putBacks)
  if (packing.length === 0) {
    await copyFile(request.a, request.shipped)
    const { sha256, size } = await hashFile(request.shipped)
    const artifact = describe(request, a, 'backend', { sha256, size, built: { a: sha256, b: sha256 } })
    return { artifact, findings: [], differing: noMembers }
  }
  const digests = await repack(request, putBacks)
  if (digests.a !== digests.b) {
    await rm(request.shipped, { force: true })
    return { artifact: null, findings: [packingFinding(request.name, digests)], differing: noMembers }
  }
  const shipped = await readArchive(request.shipped, request.kind)
  const { sha256, size } = await hashFile(request.shipped)
  return {
    artifact: describe(request, shipped, 'canonical', { sha256, size, built: { a: sha256, b: sha256 } }),
    findings: [repackedNote(request.name, packing)],
    differing: noMembers
  }
}

async function packingOf(
  request: PackageRequest,
  a: Archive,
  b: Archive,
  putBacks: PutBacks
): Promise<string[]> {
  // The index refuses sizes that come after the content, and our own writer has none.
  if (a.members.some(({ fields }) => Number(fields.descriptor ?? 0) > 0)) return ['descriptor']
  const records =
    request.kind === 'sdist' ? null : { a: await recordText(request.a), b: await recordText(request.b) }
  const found = packingDifferences(
    a,
    b,
    putBacks,
    records === null ? null : { a: records.a, b: recordWithOriginals(records.a, records.b, putBacks) }
  )
  if (putBacks.size > 0) return [...found, 'originals put back']
  if (found.length > 0) return found
  return (await sameBytes(request.a, request.b)) ? [] : ['deflate']
}

async function recordText(file: string): Promise<string> {
  const wheel = await openWheel(file)
  try {
    return await wheelText(wheel.archive, `${wheel.distInfo}/RECORD`)
  } finally {
    await wheel.archive.close()
  }
}

interface Shipped {
  sha256: Sha256
  size: number
  built: { a: Sha256; b: Sha256 }
}

/** Packs world a's artifact, which is what is shipped, and tells what both worlds' packing is made of. */
async function repack(
  { kind, a, b, shipped, epoch, original }: PackageRequest,
  putBacks: PutBacks
): Promise<{ a: Sha256; b: Sha256 }> {
  const originals = replaceWithOriginals(putBacks, original)
  return kind === 'sdist'
    ? {
        a: await canonicalSdist(a, shipped, epoch),
        b: await canonicalSdistDigest(b, `${shipped}.b`, epoch, originals)
      }
    : { a: await canonicalWheel(a, shipped, epoch), b: await canonicalWheelDigest(b, originals) }
}

function describe(
  request: PackageRequest,
  archive: Archive,
  packing: ReleaseArtifact['packing'],
  { sha256, size, built }: Shipped
): Omit<ReleaseArtifact, 'target'> {
  return {
    kind: request.kind,
    name: request.name,
    version: archive.metadata.version ?? 'untagged',
    size,
    sha256,
    contentDigest: contentDigest(archive.members),
    packing,
    built,
    members: archive.members.filter((member) => member.kind !== 'directory').length,
    traced: null
  }
}

/** Which fields differ is told; their values are not, or the proof would hold the time of the build. */
function repackedNote(artifact: string, fields: readonly string[]): Finding {
  return {
    check: 'reproduced',
    code: 'repacked',
    severity: 'note',
    artifact,
    member: null,
    message: `The content is the same in both worlds; the packing of the backend is not, or cannot be compared (${fields.join(', ')}), so the canonical form is shipped.`,
    cause: null,
    fix: null,
    waiver: null
  }
}

function packingFinding(artifact: string, built: Shipped['built']): Finding {
  return {
    check: 'reproduced',
    code: 'packing-differs',
    severity: 'refuse',
    artifact,
    member: null,
    message: `The members agree, and what is packed of them does not: world a ${built.a}, world b ${built.b}.`,
    cause: 'A fault of Tagproof.',
    fix: 'Report it with both artifacts (build-a, build-b).',
    waiver: null
  }
}

export function invalidArchiveFinding(error: TagproofError, artifact: string): Finding {
  const { found, expected, fix } = error.detail
  const detail = [
    found === undefined ? '' : `found ${found}`,
    expected === undefined ? '' : `expected ${expected}`
  ]
  return {
    check: 'container',
    code: 'archive-invalid',
    severity: 'refuse',
    artifact,
    member: null,
    message: [error.message, ...detail.filter((part) => part !== '')].join('; ').slice(0, 3000),
    cause: null,
    fix: fix ?? null,
    waiver: null
  }
}
