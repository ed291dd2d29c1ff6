import type { Epoch, Sha256 } from '../../documents/identifiers.ts'
import type { Finding } from '../../documents/proof.ts'
import type { ReleaseArtifact } from '../../documents/release.ts'
import type { Archive } from '../../formats/archive.ts'
import type { Digests } from '../digests.ts'
import type { Repack } from './deb-packing.ts'
import type { PutBack, PutBacks, ReadOriginal } from '../putback.ts'

/** Both worlds' artifact, and what is read of it. */
export interface BothWorlds {
  /** The artifact as world a built it, and as world b (or a perturbation) did. */
  a: string
  b: string
  archives: { a: Archive; b: Archive }
  original: ReadOriginal
  /** Layers of base images, `sha256:…`. */
  baseLayers?: ReadonlySet<string>
}

/** What follows from members once they have their originals back. */
export interface Following extends BothWorlds {
  /** What is put back so far; more is added. */
  putBacks: Map<string, PutBack>
  digests: Digests
}

export interface ShipRequest extends BothWorlds {
  /** File name of the artifact. */
  name: string
  epoch: Epoch
  /** Where the file that would be published is written. */
  shipped: string
  /** World b's originals; `archives.b` has them already. */
  putBacks: PutBacks
  /** Packs a deb again; left out, what the compressor made of originals is not compared. */
  repack?: Repack
}

export interface Shipped {
  sha256: Sha256
  size: number
  packing: ReleaseArtifact['packing']
  /** Of each world's artifact with the originals put back. */
  built: { a: Sha256; b: Sha256 }
  /** What is inside. */
  archive: Archive
}

/** What comes of two artifacts whose members agree. */
export interface Shipment {
  /** Null where they do not agree after all; the findings say why. */
  shipped: Shipped | null
  findings: Finding[]
}

/** What the proof has to know of one kind of package; {@link memberRules} says how its members are compared. */
export interface PackageKind {
  /**
   * Content of some members in one pass, each as far as `most` bytes.
   *
   * @throws TagproofError `archive-invalid`
   */
  contents: (
    file: string,
    wanted: ReadonlySet<string>,
    most: number,
    baseLayers?: ReadonlySet<string>
  ) => Promise<Map<string, Buffer>>
  /** Puts back what follows from other members, such as the configuration of an image from its layers. */
  follow?: (both: Following) => Promise<void>
  /**
   * Writes what is published of two artifacts whose members agree once the originals are back, or tells what about
   * their packing does not.
   *
   * @throws TagproofError `archive-invalid`; `document-mismatch` if an original is not what the plan says
   */
  ship: (request: ShipRequest) => Promise<Shipment>
}
