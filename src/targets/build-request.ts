import type { Limits } from '../documents/config.ts'
import type { TagRef, VariationName } from '../documents/fields.ts'
import type { World } from '../documents/identifiers.ts'
import type { DebianPackage, ImageLock, PythonLock, PythonPackage, RootLock } from '../documents/lock.ts'
import type { PlanTarget } from '../documents/plan.ts'
import type { Log } from '../platform/log.ts'
import type { PreparedRoot } from '../worlds/root.ts'
import type { WorldResult } from '../worlds/run.ts'

/** What the build of a `deb` or `image` target in one world is given. */
export interface BuildRequest {
  target: PlanTarget
  world: World
  tag: TagRef
  /** Version of the release; null for an untagged commit. */
  version: string | null
  /** The world's export: a tar archive with the prefix `tree/`. */
  exportTar: string
  root: PreparedRoot
  rootLock: RootLock
  limits: Limits
  /** Receives the artifacts and nothing else; evidence goes to `<folder>+evidence`. */
  folder: string
  /** How many files of the export are scrambled. */
  scrambled: number
  /** Variations that are left out, to find a culprit. */
  off: readonly VariationName[]
  log: Log
  onLine?: (line: string) => void
  /** Told what a world came to, before an error is made of it. */
  onWorld?: (world: WorldResult) => void
  signal?: AbortSignal
}

/** What a package that is made of a wheel is given besides. */
export interface WithWheel {
  /** The wheel that the same world has built; null where the target takes none. */
  wheel: string | null
  /** Run-time dependencies; null where the target has none. */
  locked: PythonLock | null
  /** Where the file of a locked Python package lies, hash-checked. */
  file(entry: PythonPackage): string
}

/** What a package with a virtual environment is given besides. */
export interface WithScramble {
  /** Paths of the tree that world b sees scrambled: the same list in both worlds. */
  scrambledPaths: readonly string[]
}

/** What an image is given besides. */
export interface WithImages {
  /** Base images by reference. */
  images: Readonly<Record<string, ImageLock>>
  /** Where a blob of a base image lies, hash-checked, by digest (`sha256:...`). */
  blob(digest: string): string
  /** Where a locked Debian package lies, hash-checked. */
  debian(entry: DebianPackage): string
  /** Folder that keeps what is made from the lock alone, from run to run. */
  cache: string
  /** The later clock of world b, as a file of the host, made by a locked compiler; null where no root has one. */
  clockLibrary: string | null
}
