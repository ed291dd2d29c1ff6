import type { Sha256 } from '../documents/identifiers.ts'
import type { Finding, Proof } from '../documents/proof.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import type { Upload, Uploads } from '../documents/uploads.ts'
import { TagproofError } from '../platform/errors.ts'
import { indexFindings } from '../proof/pypi/findings.ts'
import { readDistribution } from '../targets/python/distribution.ts'
import { uploadOf, uploadsOf } from '../targets/python/uploads.ts'
import type { StageContext } from './context.ts'

/**
 * What an index is told of an artifact that would be shipped (null for what is no sdist or wheel), and what it would say,
 * where the artifact's target goes to the public index.
 */
export async function readUpload(
  shipped: string,
  { kind, name }: { kind: string; name: string },
  indexed: boolean
): Promise<{ upload: Upload | null; findings: Finding[] }> {
  if (kind !== 'sdist' && kind !== 'wheel') return { upload: null, findings: [] }
  const distribution = await readDistribution(shipped, kind, name)
  const upload = uploadOf(distribution)
  return { upload, findings: indexed ? indexFindings({ distribution, upload }) : [] }
}

/** Writes `uploads.json`. @returns its SHA-256; null where there is nothing that an index takes */
export async function writeUploads(
  context: StageContext,
  uploads: readonly Upload[]
): Promise<Sha256 | null> {
  if (uploads.length === 0) return null
  return writeDocument('uploads', context.out.uploads, uploadsOf(uploads))
}

/**
 * What an index is told of the packages of a proof; no file where they are no sdists or wheels.
 *
 * @throws TagproofError `document-mismatch` where it is not the one that was proven
 */
export async function readUploads(context: StageContext, proof: Proof): Promise<Uploads> {
  if (proof.uploads === null) return { schema: 'tagproof/uploads/1', files: [] }
  const { document, sha256 } = await readDocument('uploads', context.out.uploads)
  if (sha256 === proof.uploads) return document
  throw new TagproofError('document-mismatch', 'uploads.json is not the one of this proof.', {
    where: 'proof.json: uploads',
    found: sha256,
    expected: proof.uploads,
    fix: 'Hand on uploads.json and proof.json of the same prove stage; find out what wrote to it.'
  })
}
