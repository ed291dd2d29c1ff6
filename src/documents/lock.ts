import { z } from 'zod'
import { fileNameField, relativePathField, sha256Field, sizeField } from './fields.ts'
import { gitLockField } from './git-inputs.ts'
import { platformField } from './target-settings.ts'

/** As in a line of apt's sources: `stable`, `stable-updates`. */
const suiteField = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/)

const debianPackageField = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/),
  version: z.string().regex(/^[A-Za-z0-9.+~:-]+$/),
  architecture: z.string().regex(/^[a-z0-9-]+$/),
  /** An index of the root; the archive that publishes it holds the file. */
  suite: suiteField,
  /** Path below the archive's base, as its Packages file says it (`pool/main/...`). */
  file: relativePathField,
  size: sizeField,
  sha256: sha256Field
})
/** A Debian or Ubuntu package of a root. */
export type DebianPackage = z.output<typeof debianPackageField>

const rootLockField = z.strictObject({
  suite: suiteField,
  architecture: z.string().regex(/^[a-z0-9-]+$/),
  components: z.array(z.string().regex(/^[a-z][a-z-]*$/)).min(1),
  /** The signed indexes that the packages were taken from. No address: each machine has its own mirrors. */
  indexes: z
    .array(
      z.strictObject({
        suite: suiteField,
        origin: z.string().max(200),
        codename: z.string().max(100),
        date: z.string().max(100),
        /** SHA-256 of the InRelease file, whose signature was verified. */
        inRelease: sha256Field
      })
    )
    .min(1),
  /** What was asked for; the rest are dependencies. */
  requested: z.array(z.string()),
  packages: z.array(debianPackageField).min(1)
})
/** The list that a root is made from. */
export type RootLock = z.output<typeof rootLockField>

const pythonPackageField = z.strictObject({
  /** Normalised name (PEP 503). */
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  version: z.string().min(1).max(200),
  file: fileNameField,
  size: sizeField,
  sha256: sha256Field,
  /** When the index took it (PEP 700), as the index says; left out where it does not say it. */
  uploaded: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    .optional(),
  /** Names that ask for it: `build-system.requires`, `get_requires_for_build_wheel`, or another package. */
  because: z.array(z.string()).min(1)
})
/** A wheel (or, where allowed, an sdist) of a build environment. */
export type PythonPackage = z.output<typeof pythonPackageField>

const pythonEnvironmentField = z.strictObject({
  /** Requirements as the project states them, statically and by its backend. */
  requested: z.array(z.string().max(1000)),
  packages: z.array(pythonPackageField)
})
/** Packages that are installed together. */
export type PythonEnvironment = z.output<typeof pythonEnvironmentField>

const pythonLockField = pythonEnvironmentField.extend({
  /** Interpreter of the root, `3.11.2`. */
  interpreter: z.string().regex(/^\d+\.\d+(\.\d+)?[a-z0-9+]*$/),
  /** By the file name of an sdist: what it is built with. Left out where all packages are wheels. */
  sdists: z.record(fileNameField, pythonEnvironmentField).optional()
})
/** The build environment of one Python target. */
export type PythonLock = z.output<typeof pythonLockField>

/** Every package of a lock: those of the environment, and those that its sdists are built with. */
export function pythonPackages(lock: PythonLock): PythonPackage[] {
  return [lock, ...Object.values(lock.sdists ?? {})].flatMap((environment) => environment.packages)
}

export function isWheel({ file }: Pick<PythonPackage, 'file'>): boolean {
  return file.endsWith('.whl')
}

const digestField = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hex digits')
const descriptorField = z.strictObject({
  mediaType: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$/),
  digest: digestField,
  size: sizeField
})
/** A blob of an image, as its manifest names it. */
export type BlobDescriptor = z.output<typeof descriptorField>

const imageLockField = z.strictObject({
  /** What the reference led to: an index, or the manifest of a single platform. */
  digest: digestField,
  /** By platform, such as `linux/amd64`. */
  platforms: z.record(
    platformField,
    z.strictObject({
      manifest: descriptorField,
      config: descriptorField,
      /** From the bottom up. */
      layers: z.array(descriptorField).min(1).max(512)
    })
  )
})
/** A base image: every blob of it by digest. */
export type ImageLock = z.output<typeof imageLockField>

/** `name:tag@sha256:...` as it stands in a Dockerfile, after its ARGs have their values. */
const referenceField = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:@/-]*$/)

export const lockSchema = z.strictObject({
  schema: z.literal('tagproof/lock/1'),
  roots: z.record(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/), rootLockField),
  /** By target name. */
  python: z.record(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/), pythonLockField),
  /** Base images, by reference. */
  images: z.record(referenceField, imageLockField).optional(),
  /** Files of other repositories, by the names of the configuration. */
  git: z.record(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/), gitLockField).optional()
})

/** `tagproof.lock`: everything that the builds need, with hashes. Committed as `.github/tagproof.lock`. */
export type Lock = z.output<typeof lockSchema>
