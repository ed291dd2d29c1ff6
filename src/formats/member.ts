import type { Sha256 } from '../documents/identifiers.ts'

/** What a member is. Debs and layers alone can hold the last two. */
export type MemberKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'device' | 'fifo'

/**
 * A file inside an artifact. Its path in a deb is `DEBIAN/NAME` for what control.tar holds, and that of the installed
 * system without leading `/` for the rest.
 */
export interface Member {
  path: string
  kind: MemberKind
  /** Permission bits, set-id and sticky bits included. */
  mode: number
  size: number
  /**
   * Of the content; of the target's text for a symbolic link, of the target's content for a hard link, of
   * `character MAJOR:MINOR` or `block MAJOR:MINOR` for a device, of nothing for a pipe or folder.
   */
  sha256: Sha256
  linkTarget: string | null
  /** Of the raw headers. For zip, less what follows from content and from the place in the file. */
  headers: Sha256
  /** Of the compressed bytes, where each member is compressed by itself (zip). */
  packed: Sha256 | null
  /** What the headers say, to name a difference: owner, time, device and extended attributes of a tar's entry. */
  fields: Record<string, string | number>
}

/** The type bits of `st_mode` (POSIX `sys/stat.h`); a block device has {@link blockDevice}. */
export const typeBits: Record<MemberKind, number> = {
  file: 0o100000,
  hardlink: 0o100000,
  symlink: 0o120000,
  directory: 0o040000,
  device: 0o020000,
  fifo: 0o010000
}

/** See {@link typeBits}. */
export const blockDevice = 0o060000
