import { rm } from 'node:fs/promises'
import type { BuiltArtifact } from '../documents/build.ts'
import type { Variation } from '../documents/fields.ts'
import type { Epoch, Sha256 } from '../documents/identifiers.ts'
import type { ScrambledFile, ScrambledLink } from '../documents/plan.ts'
import type { Finding } from '../documents/proof.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import { contentDigest } from '../formats/archive.ts'
import { asTagproofError, type TagproofError } from '../platform/errors.ts'
import { baseFindings, layersOf, type BaseImage } from './bases.ts'
import { compareMembers } from './compare.ts'
import type { DigestPair } from './digests.ts'
import { explainDifferences } from './explain.ts'
import type { Repack } from './kinds/deb-packing.ts'
import type { Shipped } from './kinds/kind.ts'
import { packageKinds } from './kinds/kinds.ts'
import { readPair } from './pair.ts'
import type { ReadOriginal } from './putback.ts'
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
  /** Base images that an image may stand on; empty where it stands on none. Left out: not checked. */
  bases?: readonly BaseImage[]
  /** Layers of any locked image, `sha256:…`: each is compared as one file. By default those of `bases`. */
  baseLayers?: ReadonlySet<string>
  /** SHA-256 of artifacts that this one is made of, such as the wheel in an image, as each world built them. */
  madeOf?: readonly DigestPair[]
  /** Times that strip-nondeterminism may have written, in seconds since 1970; by default the epoch. */
  strippedTimes?: readonly number[]
  /** Packs a deb again with dpkg-deb of the locked root; left out, that is a note. */
  repack?: Repack
  /** What varied, to name causes. */
  variations?: { a: readonly Variation[]; b: readonly Variation[] }
  /** What world b's build read of the tagged tree, where that is known. */
  reads?: readonly string[] | null
}

export interface Reproduced {
  /** Null where the worlds do not agree. */
  artifact: Omit<ReleaseArtifact, 'target'> | null
  /** The version that the artifact states; null where it states none, or could not be read. */
  stated: string | null
  findings: Finding[]
  /** Members that differ between the worlds; null where that could not be found out. */
  differing: ReadonlySet<string> | null
}

/**
 * Whether both worlds built the same artifact, once world b's copies of scrambled files have their originals back.
 *
 * Members are compared as {@link compareMembers} says. If all agree, the kind of package decides which bytes are
 * shipped: those of world a, or those of our own writers; in any case such that what both worlds built comes to them,
 * byte for byte.
 *
 * @throws TagproofError `document-mismatch` if an original is not what the plan says
 */
export async function reproduce(request: ReproduceRequest): Promise<Reproduced> {
  const { kind, name, bases } = request
  const baseLayers = request.baseLayers ?? layersOf(bases ?? [])
  try {
    const archives = await readPair(request.a, request.b, kind, baseLayers)
    const { members: restored, putBacks } = await restoreWorldB({
      strippedTimes: [request.epoch],
      ...request,
      baseLayers,
      archives
    })
    const b = { ...archives.b, members: restored }
    const differences = compareMembers(archives.a.members, b.members, kind)
    const onBases = bases === undefined ? [] : baseFindings(archives.a, name, bases)
    if (differences.length > 0) {
      const members = [...archives.a.members, ...b.members].map((member) => member.path)
      const findings = await explainDifferences(differences, { ...request, baseLayers, members })
      return {
        artifact: null,
        stated: archives.a.metadata.version,
        findings: [...onBases, ...findings],
        differing: new Set(differences.map(({ member }) => member))
      }
    }
    const { shipped, findings } = await packageKinds[kind].ship({
      ...request,
      baseLayers,
      archives: { a: archives.a, b },
      putBacks
    })
    return {
      artifact: shipped === null ? null : describe(request, shipped),
      stated: archives.a.metadata.version,
      findings: [...onBases, ...findings],
      differing: noMembers
    }
  } catch (thrown) {
    await rm(request.shipped, { force: true })
    const error = asTagproofError(thrown)
    if (error.code !== 'archive-invalid') throw error
    return { artifact: null, stated: null, findings: [invalidArchiveFinding(error, name)], differing: null }
  }
}

const noMembers: ReadonlySet<string> = new Set()

function describe(
  { kind, name }: ReproduceRequest,
  { sha256, size, packing, built, archive }: Shipped
): Omit<ReleaseArtifact, 'target'> {
  return {
    kind,
    name,
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
