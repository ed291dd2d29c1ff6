import type { Sha256 } from '../../documents/identifiers.ts'

/** A file in a store of artifacts. */
export interface StoredFile {
  /** Of the store's own. */
  id: number
  name: string
  size: number
  /** What the store says; null where it does not. */
  sha256: Sha256 | null
}

/**
 * Where a job leaves files for later jobs of the same run: the artifacts of GitHub, or a folder. A name can be used
 * once. Nothing that a store gives is believed before it is hashed.
 */
export interface ArtifactStore {
  /** Stores a file under its own name. `taken` where the name is used up, perhaps by an upload that failed. */
  put(file: string): Promise<'stored' | 'taken'>
  list(): Promise<StoredFile[]>
  /** Writes a stored file into an empty folder, whatever its name there. @returns its path */
  get(stored: StoredFile, folder: string): Promise<string>
}
