import type { Listing } from './branch.ts'

interface Change {
  /** Null takes the file away. */
  blob: string | null
  /** What the branch had when it was first changed here; null for what was not there. */
  before: string | null
  /** A name that never changes. */
  fixed: boolean
}

/** Changes to a branch that wait for their commit, by full path. It knows no git. */
export interface Gathering {
  readonly isEmpty: boolean
  /** What a path would have after the commit. */
  blobOf(file: string, files: Listing): string | null
  put(file: string, blob: string | null, kind: 'fixed' | 'moving', files: Listing): void
  paths(files: Listing): Iterable<string>
  changes(): ReadonlyMap<string, string | null>
  /** Whether a path is a folder there, or lies below a file. */
  collides(file: string, files: Listing): boolean
  /**
   * Upon what somebody else has pushed. Changes that are there already are done; those that do not disturb each other stay.
   *
   * @returns `raced` where one path was changed by both: then only names that never change stay, where they are free
   */
  rebase(files: Listing): 'clear' | 'raced'
}

export function gathering(): Gathering {
  const changes = new Map<string, Change>()
  const blobOf = (file: string, files: Listing): string | null => {
    const change = changes.get(file)
    return change === undefined ? (files.get(file) ?? null) : change.blob
  }
  const paths = (files: Listing): string[] =>
    [...new Set([...files.keys(), ...changes.keys()])].filter((file) => blobOf(file, files) !== null)

  return {
    get isEmpty() {
      return changes.size === 0
    },
    blobOf,
    put(file, blob, kind, files) {
      const before = changes.get(file)?.before ?? files.get(file) ?? null
      if (blob === before) changes.delete(file)
      else changes.set(file, { blob, before, fixed: kind === 'fixed' })
    },
    paths,
    changes: () => new Map([...changes].map(([file, { blob }]) => [file, blob])),
    collides: (file, files) =>
      blobOf(file, files) === null &&
      paths(files).some((other) => other.startsWith(`${file}/`) || file.startsWith(`${other}/`)),
    rebase(files) {
      let raced = false
      for (const [file, { blob, before }] of changes) {
        const there = files.get(file) ?? null
        if (there === blob) changes.delete(file)
        else if (there !== before) {
          changes.delete(file)
          raced = true
        }
      }
      if (!raced) return 'clear'
      for (const [file, { before, blob }] of changes)
        if (before !== null || blob === null) changes.delete(file)
      return 'raced'
    }
  }
}
