import type { Sha256 } from '../documents/identifiers.ts'
import type { Finding, Proof } from '../documents/proof.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import type { UploadLists, Uploads } from '../documents/uploads.ts'
import { TagproofError } from '../platform/errors.ts'
import { indexFindings } from '../proof/pypi/findings.ts'
import { debUpload } from '../targets/deb/upload.ts'
import { imageUpload } from '../targets/image/upload.ts'
import { readDistribution } from '../targets/python/distribution.ts'
import { inUploadOrder, uploadOf } from '../targets/python/uploads.ts'
import type { StageContext } from './context.ts'

export interface UploadedFile extends Pick<ReleaseArtifact, 'kind' | 'name' | 'sha256'> {
  /** Of an image alone. */
  repository?: string
  /** Whether the artifact's target goes to the public index. */
  indexed: boolean
}

/** What destinations are told of an artifact that would be shipped, and what the public index would say of it. */
export async function readUpload(
  shipped: string,
  file: UploadedFile
): Promise<{ upload: UploadLists; findings: Finding[] }> {
  const none = joinUploads([])
  switch (file.kind) {
    case 'deb':
      return { upload: { ...none, debs: [await debUpload(shipped, file)] }, findings: [] }
    case 'image': {
      const { repository = '' } = file
      return {
        upload: { ...none, images: [await imageUpload(shipped, { ...file, repository })] },
        findings: []
      }
    }
    case 'sdist':
    case 'wheel': {
      const distribution = await readDistribution(shipped, file.kind, file.name)
      const upload = uploadOf(distribution)
      const findings = file.indexed ? indexFindings({ distribution, upload }) : []
      return { upload: { ...none, files: [upload] }, findings }
    }
  }
}

/** Several lists as one, in the order in which files are sent. */
export function joinUploads(lists: readonly UploadLists[]): UploadLists {
  const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1)
  return {
    files: inUploadOrder(lists.flatMap(({ files }) => files)),
    images: lists.flatMap(({ images }) => images).sort(byName),
    debs: lists.flatMap(({ debs }) => debs).sort(byName)
  }
}

/** Writes `uploads.json`. @returns its SHA-256; null where there is nothing to tell of */
export async function writeUploads(
  context: StageContext,
  lists: readonly UploadLists[]
): Promise<Sha256 | null> {
  const uploads = joinUploads(lists)
  if (Object.values(uploads).every((list) => list.length === 0)) return null
  return writeDocument('uploads', context.out.uploads, { schema: 'tagproof/uploads/2', ...uploads })
}

/**
 * What destinations are told of the packages of a proof; empty where there are none.
 *
 * @throws TagproofError `document-mismatch` where it is not the one that was proven
 */
export async function readUploads(context: StageContext, proof: Proof): Promise<Uploads> {
  if (proof.uploads === null) return { schema: 'tagproof/uploads/2', ...joinUploads([]) }
  const { document, sha256 } = await readDocument('uploads', context.out.uploads)
  if (sha256 === proof.uploads) return document
  throw new TagproofError('document-mismatch', 'uploads.json is not the one of this proof.', {
    where: 'proof.json: uploads',
    found: sha256,
    expected: proof.uploads,
    fix: 'Hand on uploads.json and proof.json of the same prove stage; find out what wrote to it.'
  })
}
