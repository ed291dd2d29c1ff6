import type { Sha256 } from '../../documents/identifiers.ts'
import type { ContentObserver, ObservedMember } from '../../formats/observer.ts'
import { readArchive } from '../../formats/archive.ts'
import { blake2b256OfFile } from '../../formats/blake2b.ts'
import { invalidArchive } from '../../formats/invalid.ts'
import { parseMetadata, type CoreMetadata } from '../../formats/metadata.ts'
import { hashFile } from '../../platform/files.ts'
import { looksLikeAnotherArchive } from './polyglot.ts'
import { protectedBy, scannedExtension, scannedSize } from './protected-code.ts'

/** An sdist or wheel as the package index looks at it. */
export interface Distribution {
  /** File name. */
  name: string
  kind: 'sdist' | 'wheel'
  size: number
  sha256: Sha256
  /** BLAKE2b with 32 bytes, lower-case hex. */
  blake2b256: string
  metadata: CoreMetadata
  /** SHA-256 of METADATA or PKG-INFO. */
  metadataSha256: Sha256
  /** Paths of all members but folders. */
  members: ReadonlySet<string>
  /** The `.dist-info` folder of a wheel, the top folder of an sdist. */
  folder: string
  /** Content of `entry_points.txt` of a wheel; null where there is none. */
  entryPoints: Buffer | null
  /** What the index takes for protected code: where, and by which tool. */
  protected: readonly { member: string; tool: string }[]
  /** The format that the file could be taken for besides its own; null mostly. */
  polyglot: 'tar' | 'zip' | null
}

const largestText = 16 * 2 ** 20

/**
 * Reads an sdist or wheel in one pass of its strict reader; of its content, metadata, entry points and one source file
 * at a time are held in memory.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function readDistribution(
  file: string,
  kind: 'sdist' | 'wheel',
  name: string
): Promise<Distribution> {
  const texts = new Map<string, Buffer>()
  const found: { member: string; tool: string }[] = []
  const { members } = await readArchive(file, kind, {
    observe: (member) => {
      if (wanted(kind, member)) return collect((bytes) => texts.set(member.path, bytes))
      if (member.kind !== 'file' || member.size > scannedSize || !scannedExtension(member.path))
        return undefined
      return collect((bytes) => {
        const tool = protectedBy(bytes)
        if (tool !== null) found.push({ member: member.path, tool })
      })
    }
  })
  const place = [...texts.keys()].find((path) => /\/(METADATA|PKG-INFO)$/.test(path))
  const bytes = place === undefined ? undefined : texts.get(place)
  if (place === undefined || bytes === undefined)
    throw invalidArchive({ format: kind }, 'its metadata is missing, or larger than 16 MiB')
  const folder = place.slice(0, place.lastIndexOf('/'))
  const { sha256, size } = await hashFile(file)
  return {
    name,
    kind,
    size,
    sha256,
    blake2b256: await blake2b256OfFile(file),
    metadata: parseMetadata(bytes, place),
    metadataSha256: members.find(({ path }) => path === place)?.sha256 ?? sha256,
    members: new Set(members.filter(({ kind }) => kind !== 'directory').map(({ path }) => path)),
    folder,
    entryPoints: texts.get(`${folder}/entry_points.txt`) ?? null,
    protected: found,
    polyglot: await looksLikeAnotherArchive(file, kind)
  }
}

/** Members whose text is looked at: of a wheel those of its one `.dist-info` folder, of an sdist that of the top folder. */
function wanted(kind: 'sdist' | 'wheel', { path, size }: ObservedMember): boolean {
  const form = kind === 'wheel' ? /^[^/]+\.dist-info\/(METADATA|entry_points\.txt)$/ : /^[^/]+\/PKG-INFO$/
  return size <= largestText && form.test(path)
}

function collect(take: (bytes: Buffer) => void): ContentObserver {
  const pieces: Buffer[] = []
  return {
    update: (piece) => void pieces.push(Buffer.from(piece)),
    end: () => take(Buffer.concat(pieces))
  }
}
