import { z } from 'zod'
import { variationNames, worlds, type Epoch, type ObjectId, type Sha256 } from './identifiers.ts'

/** Fields that several documents share. All objects are strict: an unknown key is an error. */

export const sha256Field = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits')
  .transform((text) => text as Sha256)

export const objectIdField = z
  .string()
  .regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'expected a git object name')
  .transform((text) => text as ObjectId)

export const epochField = z
  .int()
  .min(0)
  .transform((seconds): Epoch => seconds)

/** A file name with no folder: what an artifact may be called. */
export const fileNameField = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^/\\\0]+$/, 'expected a file name without a folder')
  .refine((name) => name !== '.' && name !== '..' && !name.startsWith('-'), 'not a usable file name')

/** A relative path that stays inside its folder, with `/` between its parts. */
export const relativePathField = z
  .string()
  .max(4096)
  .refine(
    (path) => path === '.' || path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'expected a relative path that stays inside its folder'
  )
  .refine((path) => !path.includes('\0') && !path.includes('\\'), 'not a usable path')

export const worldField = z.enum(worlds as ['a', 'b'])
export const targetKindField = z.enum(['python', 'image', 'deb'])
export const artifactKindField = z.enum(['sdist', 'wheel', 'image', 'deb'])
export const sizeField = z.int().min(0)

export const tagField = z.strictObject({
  name: z.string().min(1).max(250),
  /** The tag object, or the commit for a lightweight tag. */
  object: objectIdField,
  /** `untagged`: the commit at HEAD, under the name `HEAD`; it can be locked and rehearsed, never published. */
  kind: z.enum(['annotated', 'lightweight', 'untagged']),
  commit: objectIdField,
  tree: objectIdField,
  epoch: epochField
})
/** Version of the release as the tag says it; null for an untagged commit. */
export const versionField = z.string().min(1).nullable()

/** A tag, resolved once; or the commit at HEAD where it has none. */
export type TagRef = z.output<typeof tagField>

/** Where a document of the user's came from. `publish` accepts `tag` alone. */
export const originField = z.enum(['tag', 'outside', 'resolved', 'default'])

export const variationField = z.strictObject({
  name: z.enum(variationNames),
  value: z.string().max(500),
  applied: z.boolean(),
  /** Why it was not applied; empty when it was. */
  reason: z.string().max(500)
})
/** Reason of a variation that the user left out. */
export const leftOut = 'left out on request'
export type Variation = z.output<typeof variationField>
export type { VariationName } from './identifiers.ts'

/** A program that took part: its name and version. */
export const toolField = z.strictObject({ name: z.string().min(1), version: z.string() })
export type Tool = z.output<typeof toolField>
