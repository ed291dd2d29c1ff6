import type { Limits } from '../documents/config.ts'
import type { Variation, VariationName } from '../documents/fields.ts'
import type { Epoch, Sha256, World } from '../documents/identifiers.ts'

/** A folder that a Dockerfile can copy from by name. Readable by everybody; times are the epoch, or older. */
export interface NamedFolder {
  name: string
  /** Absolute path on the host. */
  folder: string
}

/** An image in a layout folder that stands for a reference of the Dockerfile. */
export interface NamedImage {
  /** As `FROM` and `COPY --from` say it. */
  reference: string
  /** For which it stands. */
  platform: string
  folder: string
  /** Of its manifest, `sha256:…`. */
  digest: string
}

/** One image for one platform, built from a Dockerfile in one world. */
export interface ImageBuildRequest {
  world: World
  /** The world's export: a tar archive with the prefix `tree/`. */
  exportTar: string
  /** The context, as a path in the tree; `.` for its top. */
  context: string
  /** Relative to the context. */
  dockerfile: string
  /** The stage that is built; null for the last one. */
  stage: string | null
  arguments: Readonly<Record<string, string>>
  /** Such as `linux/amd64`. */
  platform: string
  epoch: Epoch
  folders: readonly NamedFolder[]
  images: readonly NamedImage[]
  /** The later clock of world b, as a file of the host; null where there is none. */
  clockLibrary: string | null
  limits: Limits
  /** Variations that are left out, to find a culprit. */
  off: readonly VariationName[]
  /** Folder of the host that receives `image.tar`, as the builder wrote it. */
  outputs: string
  onLine?: (line: string) => void
  signal?: AbortSignal
  /** Names the run's control group; by default random. */
  id?: string
}

/** What one step of a Dockerfile was run with, as the runtime wrapper says it. */
export interface StepRecord {
  /** By variation: empty where it was in force, or why it was not. */
  variations: Partial<Record<VariationName, string>>
}

export interface ImageBuildResult {
  /** Exit status of the builder; null if it was stopped from outside. */
  code: number | null
  /** The limit that the build ran into, where it failed. */
  contained: null | 'timeout' | 'memory' | 'processes' | 'disk'
  /** Last lines of what it printed. */
  output: string
  /** The image as the builder wrote it, a tar of an OCI layout; null where it failed. */
  image: string | null
  variations: Variation[]
  steps: number
}

/** A program that takes part, by its bytes. */
export interface BuilderProgram {
  name: string
  sha256: Sha256
}

/**
 * What builds images from Dockerfiles. Each build has an enclosure and a state of its own, no cache, and no network;
 * it returns only when nothing of it is left.
 */
export interface ImageBuilder {
  name: 'buildkit' | 'buildah'
  version: string
  programs: readonly BuilderProgram[]
  /** @throws TagproofError `sandbox-unavailable`, `privilege-missing`, `cancelled`; `internal` where the canary is missing */
  build(request: ImageBuildRequest): Promise<ImageBuildResult>
}
