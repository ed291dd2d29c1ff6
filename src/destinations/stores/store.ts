import type { Sha256 } from '../../documents/identifiers.ts'

/** What is written: a proven file, or bytes made here. Files are hashed on their way: no other one is ever stored whole. */
export type StoreBody = { file: string; size: number; sha256: Sha256 } | { bytes: Buffer }

/** An object as it was read. `version` is opaque (an ETag, a blob, a hash), and changes with the bytes. */
export interface StoredBytes {
  bytes: Buffer
  version: string
}

export interface StoredHash {
  size: number
  sha256: Sha256
  version: string
}

/**
 * A place of objects under keys that readers fetch by name: a folder, a bucket, a branch. Every write is conditional, so
 * that two releases at the same moment lose nothing. Keys are checked by `requireKey`.
 *
 * @throws TagproofError of every method: `network`, `login-refused`, `index-answer`, `upload-refused`; `disk-full` for a full
 *   place; `hash-mismatch` for a file that is not the proven one
 */
export interface Store {
  /** For people, without credentials. */
  readonly address: string
  /** Writes wait for `flush`, which shows them all at once; `read`, `hash`, `fetch` and `list` see them before. */
  readonly gathers: boolean

  /** Whether the login counts and conditions are honoured; changes nothing that readers see. @throws TagproofError `store-unfit` */
  preflight(): Promise<void>

  /** At most `maximumBytes`; null where nothing is. @throws TagproofError `index-answer` for more */
  read(key: string, maximumBytes: number): Promise<StoredBytes | null>

  /** Reads all of it, in bounded memory; null where nothing is. */
  hash(key: string): Promise<StoredHash | null>

  /** Writes all of it into a new file; null, and no file, where nothing is. */
  fetch(key: string, file: string): Promise<StoredHash | null>

  /** Keys that begin with these letters, each once, in no particular order. */
  list(prefix: string): AsyncIterable<string>

  /** For names that never change: writes only what is not there. */
  create(key: string, body: StoreBody): Promise<'created' | 'exists'>

  /**
   * For names that move: compare and swap.
   *
   * @param version that was read; null: nothing may be there
   * @returns the new version, or null where somebody else was first
   */
  replace(key: string, body: StoreBody, version: string | null): Promise<string | null>

  /** Takes away a name that moves, if it still has this version. @returns false where somebody else was first */
  remove(key: string, version: string): Promise<boolean>

  /** Brings what was gathered to the server without showing it. Those that gather nothing have nothing to do. */
  hold(): Promise<void>

  /**
   * Shows what was gathered: one commit. `raced`: somebody else wrote one of these keys meanwhile; what was to replace or to be
   * removed is forgotten, and is to be made again upon what is there now; what was created stays gathered, unless its key
   * is taken now. Those that gather nothing have nothing to do.
   *
   * @param message first line of the commit
   */
  flush(message: string): Promise<'done' | 'raced'>

  /** Ends what was opened. Does not throw. */
  close(): Promise<void>
}
