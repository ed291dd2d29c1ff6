import type { Sha256 } from '../documents/identifiers.ts'
import type { ReleaseArtifact } from '../documents/release.ts'
import type { ReadBack } from '../documents/receipt.ts'

export const destinationKinds = ['pypi', 'directory'] as const
export type DestinationKind = (typeof destinationKinds)[number]

/** What a destination holds under the name of an artifact; `found` is the SHA-256 (or the state) of what is there. */
export type ArtifactState =
  { name: string; state: 'absent' | 'identical' } | { name: string; state: 'different'; found: string }

/** What is written into the receipt at once, before anything else is done. */
export interface WriteEvent {
  name: string
  /** `sent`: the server said that it has it; `there`: it had it already when it was asked again. */
  outcome: 'sent' | 'there'
}

/**
 * Where artifacts go. The order of a publication over all destinations is `preflight` of all, `state` of all, `stage`
 * of all, then `commit` and `readBack` one after the other (DESIGN 10). Every method may be called again after a fault
 * and then does only what is missing.
 */
export interface Destination {
  /** Unique in a release; names it in logs, errors and the receipt. */
  readonly name: string
  readonly kind: DestinationKind
  /** For people: an address without credentials, or a folder. */
  readonly address: string
  /** The artifacts of the release that it takes, in the order in which they are sent. */
  readonly artifacts: readonly ReleaseArtifact[]

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
   * The part that cannot be taken back. After an answer that may hide a success the hash is asked for before anything
   * is sent again.
   *
   * @param onWritten is awaited after each artifact, before the next is sent
   */
  commit(missing: readonly string[], onWritten: (event: WriteEvent) => Promise<void>): Promise<void>

  /** Fetches what users would fetch, and compares. @throws TagproofError `hash-mismatch`, `readback-missing` */
  readBack(): Promise<readonly ReadBack[]>

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
