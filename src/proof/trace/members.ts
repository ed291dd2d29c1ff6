import { createHash, type Hash } from 'node:crypto'
import type { ObjectId } from '../../documents/identifiers.ts'
import { readArchive, type Archive, type ArchiveKind } from '../../formats/archive.ts'
import { knownHashes, listsMd5, type TraceEvidence } from './evidence.ts'
import type { TracedMember } from './generator.ts'
import { installedPlace } from './installed.ts'
import type { TreeIndex } from './tree.ts'

/** Contents that no blob explains are held for the generators, up to these sizes. */
const largestHeld = 8 * 1024 * 1024
const mostHeld = 96 * 1024 * 1024
const headSize = 64 * 1024
/** Of a blob only the magic number matters. */
const magicSize = 512

/** An artifact's files with what tracing needs of them. */
export interface ReadMembers {
  archive: Archive
  members: TracedMember[]
  /** Object name that git would give the content, where a file of the tree has the same. */
  ids: ReadonlyMap<string, ObjectId>
}

interface Observed {
  id: ObjectId | null
  head: Buffer
  content: Buffer | null
  md5: string | null
}

/** Small files that other members are derived from, whoever brought them. */
const alwaysHeld = /\.dist-info\/[^/]+$|(^|\/)var\/lib\/dpkg\/(status|info\/[^/]+)$/

/**
 * Reads an artifact once: its members, their object names, and the contents that are in no file of the tree.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function readMembers(
  file: string,
  kind: ArchiveKind,
  tree: TreeIndex,
  { evidence, inner }: { evidence: TraceEvidence; inner: (path: string, archive: Archive) => string }
): Promise<ReadMembers> {
  const observed = new Map<string, Observed>()
  const explained = knownHashes(evidence)
  let held = 0
  const archive = await readArchive(file, kind, {
    ...(kind === 'image' ? { baseLayers: new Set(evidence.bases.flatMap((base) => [...base.layers])) } : {}),
    observe(member) {
      if (member.kind !== 'file') return undefined
      const format = tree.hasSize(member.size) ? tree.objectFormat : null
      const place = installedPlace(member.path, kind)
      const watch = new MemberWatch(member.size, format, {
        sha256: explained.size > 0 && place !== undefined,
        md5: kind === 'deb' || (place !== undefined && listsMd5(evidence, place.path))
      })
      return {
        update: (piece) => watch.update(piece),
        end() {
          const found = watch.end({
            isBlob: (id) => tree.pathsOf(id).length > 0,
            isExplained: (sha256) => explained.has(sha256) && !alwaysHeld.test(member.path),
            full: held >= mostHeld
          })
          if (found.content !== null && held + found.content.length > mostHeld) {
            found.content = null
            found.head = Buffer.from(found.head.subarray(0, magicSize))
          }
          held += (found.content?.length ?? 0) + found.head.length
          observed.set(member.path, found)
        }
      }
    }
  })
  const members = archive.members.flatMap((member): TracedMember[] => {
    if (member.kind === 'directory') return []
    const own = observed.get(member.path)
    const seen = own ?? observed.get(member.kind === 'hardlink' ? (member.linkTarget ?? '') : '')
    const { path, kind, mode, size, sha256, linkTarget } = member
    const content = kind === 'symlink' ? Buffer.from(linkTarget ?? '') : (seen?.content ?? null)
    const head = seen?.head ?? nothing
    const md5 = seen?.md5 ?? null
    return [{ path, inner: inner(path, archive), kind, mode, size, sha256, linkTarget, head, content, md5 }]
  })
  const ids = new Map<string, ObjectId>()
  for (const member of members) {
    const target = member.kind === 'hardlink' ? (member.linkTarget ?? '') : member.path
    const id =
      member.kind === 'symlink'
        ? objectName(Buffer.from(member.linkTarget ?? ''), tree)
        : (observed.get(target)?.id ?? null)
    if (id !== null && tree.pathsOf(id).length > 0) ids.set(member.path, id)
  }
  return { archive, members, ids }
}

const nothing = Buffer.alloc(0)

function objectName(content: Buffer, tree: TreeIndex): ObjectId {
  return blobHash(tree.objectFormat, content.length).update(content).digest('hex') as ObjectId
}

function blobHash(format: 'sha1' | 'sha256', size: number): Hash {
  return createHash(format).update(`blob ${size}\0`)
}

interface WatchEnd {
  isBlob: (id: ObjectId) => boolean
  isExplained: (sha256: string) => boolean
  /** No room is left to hold contents. */
  full: boolean
}

/** Watches one content go by. */
class MemberWatch {
  private readonly hash: Hash | null
  private readonly sha256: Hash | null
  private readonly md5: Hash | null
  private readonly pieces: Buffer[] = []
  private size = 0
  private kept = 0
  private readonly keep: number

  /** @param format null where no file of the tree has this size */
  constructor(size: number, format: 'sha1' | 'sha256' | null, more: { sha256: boolean; md5: boolean }) {
    this.hash = format === null ? null : blobHash(format, size)
    this.sha256 = more.sha256 ? createHash('sha256') : null
    this.md5 = more.md5 ? createHash('md5') : null
    this.keep = size <= largestHeld ? largestHeld : headSize
  }

  update(piece: Buffer): void {
    this.hash?.update(piece)
    this.sha256?.update(piece)
    this.md5?.update(piece)
    this.size += piece.length
    if (this.kept >= this.keep) return
    const part = piece.subarray(0, this.keep - this.kept)
    this.pieces.push(Buffer.from(part))
    this.kept += part.length
  }

  end({ isBlob, isExplained, full }: WatchEnd): Observed {
    const id = (this.hash?.digest('hex') ?? null) as ObjectId | null
    const md5 = this.md5?.digest('hex') ?? null
    const all = this.pieces.length === 1 ? (this.pieces[0] ?? nothing) : Buffer.concat(this.pieces)
    const short = (): Buffer => Buffer.from(all.subarray(0, magicSize))
    if (id !== null && isBlob(id)) return { id, head: short(), content: null, md5 }
    const explained = this.sha256 !== null && isExplained(this.sha256.digest('hex'))
    if (explained || full) return { id: null, head: short(), content: null, md5 }
    const whole = all.length === this.size
    return {
      id: null,
      head: whole ? all.subarray(0, headSize) : Buffer.from(all.subarray(0, headSize)),
      content: whole ? all : null,
      md5
    }
  }
}
