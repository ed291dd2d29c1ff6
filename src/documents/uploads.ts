import { z } from 'zod'
import { fileNameField, sha256Field, sizeField } from './fields.ts'

const uploadField = z.strictObject({
  name: fileNameField,
  filetype: z.enum(['sdist', 'bdist_wheel']),
  /** `source`, or the Python tags of the wheel. */
  pyversion: z.string().min(1).max(255),
  size: sizeField,
  sha256: sha256Field,
  /** BLAKE2b with 32 bytes, which names the file on the index. */
  blake2b256: z.string().regex(/^[0-9a-f]{64}$/),
  /** SHA-256 of the METADATA of a wheel, which the index gives out beside it; null for an sdist. */
  metadata: sha256Field.nullable(),
  /** Normalised name of the project (PEP 503), and version (PEP 440, normalised). */
  project: z.string().min(1),
  version: z.string().min(1),
  /** Core metadata as fields of the upload form, in order; a name comes again for each of its values. */
  fields: z.array(z.tuple([z.string().min(1).max(100), z.string()]))
})
export type Upload = z.output<typeof uploadField>

export const uploadsSchema = z.strictObject({
  schema: z.literal('tagproof/uploads/1'),
  /** Wheels first, each kind by name. */
  files: z.array(uploadField)
})

/**
 * `uploads.json`: what a package index is told of each sdist and wheel. Prove reads it out of the archives, so that
 * publish, beside the credentials, has to open none.
 */
export type Uploads = z.output<typeof uploadsSchema>
