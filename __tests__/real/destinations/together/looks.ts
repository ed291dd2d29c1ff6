import { createHash } from 'node:crypto'
import type { WholeRelease } from './parcel.ts'
import type { Servers } from './servers.ts'

/** What one kind of user sees of a release: some of its files, or all; what moves stands for it, or for the one before. */
export interface Seen {
  files: 'none' | 'some' | 'all'
  /** Null where no name moves. */
  name: 'before' | 'this' | null
}

export type Look = (servers: Servers, release: WholeRelease, before: WholeRelease | null) => Promise<Seen>

export function share(found: number, all: number): Seen['files'] {
  if (found > all) throw new Error('more is there than there should be')
  return found === 0 ? 'none' : found === all ? 'all' : 'some'
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
