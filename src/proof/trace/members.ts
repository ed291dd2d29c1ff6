import { createHash, type Hash } from 'node:crypto'
import type { ObjectId } from '../../documents/identifiers.ts'
import { readArchive, type Archive } from '../../formats/archive.ts'
import type { TracedMember } from './generator.ts'
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
}

/**
 * Reads an artifact once: its members, their object names, and the contents that are in no file of the tree.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function readMembers(
  file: string,
  kind: 'sdist' | 'wheel',
  tree: TreeIndex
): Promise<ReadMembers> {
  const observed = new Map<string, Observed>()
  let held = 0
  const archive = await readArchive(file, kind, {
    observe(member) {
      if (member.kind !== 'file') return undefined
      const watch = new MemberWatch(member.size, tree.hasSize(member.size) ? tree.objectFormat : null)
      return {
        update: (piece) => watch.update(piece),
        end() {
          const found = watch.end((id) => tree.pathsOf(id).length > 0)
          if (found.content !== null && held + found.content.length > mostHeld) found.content = null
          held += (found.content?.length ?? 0) + found.head.length
          observed.set(member.path, found)
        }
      }
    }
  })
  const top = kind === 'sdist' ? topOf(archive) : ''
  const members = archive.members.flatMap((member): TracedMember[] => {
    if (member.kind === 'directory') return []
    const own = observed.get(member.path)
    const seen = own ?? observed.get(member.kind === 'hardlink' ? (member.linkTarget ?? '') : '')
    const { path, kind, mode, size, sha256, linkTarget } = member
    const inner = path.startsWith(top) ? path.slice(top.length) : path
    const content = kind === 'symlink' ? Buffer.from(linkTarget ?? '') : (seen?.content ?? null)
    const head = seen?.head ?? Buffer.alloc(0)
    return [{ path, inner, kind, mode, size, sha256, linkTarget, head, content }]
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

function topOf(archive: Archive): string {
  const first = archive.members[0]?.path.split('/')[0]
  return first === undefined ? '' : `${first}/`
}

function objectName(content: Buffer, tree: TreeIndex): ObjectId {
  return blobHash(tree.objectFormat, content.length).update(content).digest('hex') as ObjectId
}

function blobHash(format: 'sha1' | 'sha256', size: number): Hash {
  return createHash(format).update(`blob ${size}\0`)
}

/** Watches one content go by. */
class MemberWatch {
  private readonly hash: Hash | null
  private readonly pieces: Buffer[] = []
  private size = 0
  private kept = 0
  private readonly keep: number

  /** @param format null where no file of the tree has this size */
  constructor(size: number, format: 'sha1' | 'sha256' | null) {
    this.hash = format === null ? null : blobHash(format, size)
    this.keep = size <= largestHeld ? largestHeld : headSize
  }

  update(piece: Buffer): void {
    this.hash?.update(piece)
    this.size += piece.length
    if (this.kept >= this.keep) return
    const part = piece.subarray(0, this.keep - this.kept)
    this.pieces.push(Buffer.from(part))
    this.kept += part.length
  }

  end(known: (id: ObjectId) => boolean): Observed {
    const id = (this.hash?.digest('hex') ?? null) as ObjectId | null
    const all = Buffer.concat(this.pieces)
    if (id !== null && known(id)) return { id, head: Buffer.from(all.subarray(0, magicSize)), content: null }
    const whole = all.length === this.size
    return {
      id: null,
      head: whole ? all.subarray(0, headSize) : Buffer.from(all.subarray(0, headSize)),
      content: whole ? all : null
    }
  }
}
