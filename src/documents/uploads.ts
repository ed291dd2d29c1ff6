import { z } from 'zod'
import { fileNameField, sha256Field, sizeField } from './fields.ts'
import { repositoryField } from './target-settings.ts'

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

const digestField = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hex digits')
const mediaTypeField = z
  .string()
  .regex(/^[a-z]+\/[A-Za-z0-9][A-Za-z0-9.+_-]{0,120}$/, 'expected a media type')

const uploadImageField = z.strictObject({
  name: fileNameField,
  /** Of the tar of its layout. */
  size: sizeField,
  sha256: sha256Field,
  /** Name in a registry, without a host. */
  repository: repositoryField,
  /** The label `org.opencontainers.image.version` of all its platforms; null where they have none. */
  version: z.string().min(1).max(200).nullable(),
  /** The manifest of a single platform, or the index of several: what tags stand for. */
  root: z.strictObject({ digest: digestField, mediaType: mediaTypeField, size: sizeField }),
  /** Everything that it is made of, each once, in the order in which a registry takes it: the root is the last. */
  blobs: z
    .array(
      z.strictObject({
        role: z.enum(['layer', 'config', 'manifest', 'index']),
        digest: digestField,
        mediaType: mediaTypeField,
        size: sizeField,
        /** Where its bytes begin in the tar. */
        offset: sizeField
      })
    )
    .min(1)
})
export type UploadImage = z.output<typeof uploadImageField>

const uploadDebField = z.strictObject({
  name: fileNameField,
  size: sizeField,
  sha256: sha256Field,
  sha512: z.string().regex(/^[0-9a-f]{128}$/, 'expected 128 lower-case hex digits'),
  package: z.string().min(2).max(200),
  version: z.string().min(1).max(200),
  architecture: z.string().min(1).max(60),
  /** Name of the source package, by which the pool is divided. */
  source: z.string().min(2).max(200),
  /** The stanza as it is in the deb, without empty lines at its end. */
  control: z.string().min(1).max(1_000_000)
})
export type UploadDeb = z.output<typeof uploadDebField>

export const uploadsSchema = z.strictObject({
  schema: z.literal('tagproof/uploads/2'),
  /** Sdists and wheels: wheels first, each kind by name. */
  files: z.array(uploadField),
  /** By name. */
  images: z.array(uploadImageField),
  /** By name. */
  debs: z.array(uploadDebField)
})

/**
 * `uploads.json`: what destinations are told of each artifact, and where the parts of an image lie in its file. Prove
 * reads it out of the archives, so that publish, beside the credentials, has to open none.
 */
export type Uploads = z.output<typeof uploadsSchema>
export type UploadLists = Omit<Uploads, 'schema'>
