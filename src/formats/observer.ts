import type { MemberKind } from './member.ts'

/** A member as its headers tell it, before its content is read. */
export interface ObservedMember {
  path: string
  kind: MemberKind
  /** Bytes of content; 0 unless it is a file. */
  size: number
  /** Permission bits. */
  mode: number
  linkTarget: string | null
}

/** Takes one file's content while the archive is read. */
export interface ContentObserver {
  /** The next bytes, valid during the call alone: copy what is kept. Not called for an empty file. */
  update(piece: Buffer): void
  /** All bytes have come, and checksum and size of the member are right. */
  end(): void
}

/**
 * Asked once for each member, in the order of the archive: what takes its content, or undefined. Only a file has
 * content. A reader that throws later has shown members that must not be believed.
 */
export type Observe = (member: ObservedMember) => ContentObserver | undefined

export const observeNothing: Observe = () => undefined
