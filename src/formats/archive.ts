import { createHash } from 'node:crypto'
import { sha256 as asSha256, type Sha256 } from '../documents/identifiers.ts'
import { readDebArchive } from './deb-archive.ts'
import { blockDevice, typeBits, type Member } from './member.ts'
import { comparePaths } from './member-names.ts'
import { observeNothing, type Observe } from './observer.ts'
import { readImageArchive } from './oci/archive.ts'
import { readSdistArchive } from './sdist-archive.ts'
import { readWheelArchive } from './wheel-archive.ts'

export type { Member, MemberKind } from './member.ts'

/** What an artifact is. */
export type ArchiveKind = 'sdist' | 'wheel' | 'deb' | 'image'

/** Who an artifact says it is. */
export interface ArchiveMetadata {
  /** Of the distribution or package; empty for an image, which its reference names. */
  name: string
  /** Null where an image bears no version label. */
  version: string | null
}

/** An artifact as its strict reader sees it. Members are in the order of the archive. */
export interface Archive {
  members: Member[]
  /**
   * What belongs to no member: headers and ends of the tar stream, of its compression and of what holds it, or the end
   * of the zip file.
   */
  container: Record<string, string | number>
  metadata: ArchiveMetadata
}

export interface ArchiveOptions {
  observe?: Observe
  baseLayers?: ReadonlySet<string>
}

/**
 * Reads an artifact with all its checks, hashes that it states itself (RECORD, md5sums) among them. Two archives whose
 * members, in order, have equal `headers`, content and `packed`, and whose containers are equal, are equal bit for bit
 * but for the compressed streams of an sdist, deb or layer, and the order of an image's blobs.
 *
 * @param options `observe` sees the members and their content in the same pass; `baseLayers` names the layers of base
 *   images (`sha256:…`), each of which is one member
 * @throws TagproofError `archive-invalid`; `tool-missing` where this Node cannot decompress a deb
 */
export async function readArchive(
  file: string,
  kind: ArchiveKind,
  { observe = observeNothing, baseLayers = new Set() }: ArchiveOptions = {}
): Promise<Archive> {
  switch (kind) {
    case 'sdist':
      return readSdistArchive(file, observe)
    case 'wheel':
      return readWheelArchive(file, observe)
    case 'deb':
      return readDebArchive(file, observe)
    case 'image':
      return readImageArchive(file, { observe, baseLayers })
  }
}

/**
 * SHA-256 over one line `mode sha256 path\n` per file, link, device and pipe, in byte order of the paths: six octal
 * digits of `st_mode` (`100644`; `120000` for a symbolic link, whose hash is that of its target's text; a device's is
 * that of `character MAJOR:MINOR` or `block MAJOR:MINOR`, a pipe's that of nothing), so that a stranger can check it
 * with any zip or tar library. Folders do not count; a hard link counts as the file it leads to.
 */
export function contentDigest(members: readonly Member[]): Sha256 {
  const hash = createHash('sha256')
  const counted = members
    .filter(({ kind }) => kind !== 'directory')
    .sort((one, other) => comparePaths(one.path, other.path))
  for (const { kind, mode, sha256, path, fields } of counted) {
    const type = fields.deviceType === 'block' ? blockDevice : typeBits[kind]
    const full = kind === 'symlink' ? type : type | mode
    hash.update(`${full.toString(8).padStart(6, '0')} ${sha256} ${path}\n`)
  }
  return asSha256(hash.digest('hex'))
}
