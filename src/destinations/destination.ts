import type { Sha256 } from '../documents/identifiers.ts'
import type { NameReadBack, ReadBack } from '../documents/receipt.ts'

export type { NameReadBack }

/** In the order in which they are written: what cannot be taken back goes first, what says that all is there goes last. */
export const destinationKinds = ['pypi', 'directory', 'registry', 'apt', 'files', 'github'] as const
export type DestinationKind = (typeof destinationKinds)[number]

/** A file of a release as a destination knows it. */
export interface DestinationFile {
  name: string
  /** Bytes of the file. */
  size: number
  /** Of the file; of an image at a registry, of its manifest or index: its digest. */
  sha256: Sha256
}

/** What a destination holds under the name of an artifact; `found` is the SHA-256 (or the state) of what is there. */
export type ArtifactState =
  { name: string; state: 'absent' | 'identical' } | { name: string; state: 'different'; found: string }

/** What is written into the receipt at once, before anything else is done. */
export interface WriteEvent {
  name: string
  /** `sent`: the server said that it has it; `there`: it had it already when it was asked again. */
  outcome: 'sent' | 'there'
}

/** What a name that moves stands for, and what it is to stand for, in the destination's own terms. */
export interface NameState {
  name: string
  /** `behind`: not there, or of an older release; it is to be moved. `ahead`: of a newer release; it stays. */
  state: 'behind' | 'current' | 'ahead'
  /** A digest, a file, a SHA-256; null for a name that is not there. */
  found: string | null
  expected: string
}

/** A name that was moved, as the receipt has it. */
export interface MovedName {
  name: string
  /** What it stood for before; null where it was not there. */
  before: string | null
  expected: string
}

/** What is written into the receipt at once. `ahead`: a newer release has taken the name meanwhile. */
export interface MoveEvent {
  name: string
  outcome: 'moved' | 'there' | 'ahead'
}

/**
 * Names that move from release to release: tags of an image such as `latest`, aliases, the index of a suite, the draft of
 * a release on GitHub. They are moved once every destination has, under names that never change, what they are to
 * stand for; and only ever forwards, within their series.
 */
export interface MovingNames {
  /** @throws TagproofError what refuses the release: a suite that somebody else signed, a name nobody can judge */
  state(): Promise<readonly NameState[]>

  /**
   * Moves these. Where the server can, only if they still stand for what was found.
   *
   * @param onMoved is awaited after each name, before the next is moved
   */
  move(names: readonly string[], onMoved: (event: MoveEvent) => Promise<void>): Promise<void>

  /** Asks as a user would what each name stands for. @throws TagproofError `hash-mismatch`, `readback-missing` */
  readBack(): Promise<readonly NameReadBack[]>

  /**
   * Moves names back to what they stood for before, where they still stand for this release. Nothing that never changes
   * is deleted.
   */
  back(names: readonly MovedName[], onMoved: (event: MoveEvent) => Promise<void>): Promise<void>
}

/**
 * Where artifacts go. The order of a publication over all destinations is `preflight` of all, `state` of all, `stage`
 * of all, then `commit` and `readBack` one after the other, then names that move (DESIGN 10). Every method may be called
 * again after a fault and then does only what is missing.
 */
export interface Destination {
  /** Unique in a release; names it in logs, errors and the receipt. */
  readonly name: string
  readonly kind: DestinationKind
  /** For people: an address without credentials, or a folder. */
  readonly address: string
  /** The artifacts of the release that it takes, in the order in which they are sent. */
  readonly artifacts: readonly DestinationFile[]

  /**
   * Everything that can be known without a write: login, names, rules, quotas, age of the release.
   *
   * @throws TagproofError that names what to do
   */
  preflight(): Promise<void>

  /** Asks what is there, by hash, never by name alone. One entry per artifact, in the order of `artifacts`. */
  state(): Promise<readonly ArtifactState[]>

  /** The part that can be taken back, or that nobody sees: attestations, blobs, drafts. */
  stage(missing: readonly string[]): Promise<void>

  /**
   * The part that cannot be taken back: names that never change. After an answer that may hide a success the hash is asked for before anything
   * is sent again.
   *
   * @param onWritten is awaited after each artifact, before the next is sent
   */
  commit(missing: readonly string[], onWritten: (event: WriteEvent) => Promise<void>): Promise<void>

  /** Fetches what users would fetch, and compares. @throws TagproofError `hash-mismatch`, `readback-missing` */
  readBack(): Promise<readonly ReadBack[]>

  /** Null where no name moves. */
  readonly moving: MovingNames | null

  /** Ends what was opened: connections; tokens are burned. Does not throw. */
  close(): Promise<void>
}

/** The artifacts that are not there yet. @throws nothing: `different` is judged over all destinations first */
export function missingOf(states: readonly ArtifactState[]): string[] {
  return states.filter(({ state }) => state === 'absent').map(({ name }) => name)
}

/** Expected and found hash of an artifact that is there with other bytes. */
export interface Conflict {
  destination: string
  name: string
  found: string
  expected: Sha256
}
