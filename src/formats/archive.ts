import { createHash, type Hash } from 'node:crypto'
import { sha256 as asSha256, type Sha256 } from '../documents/identifiers.ts'
import { invalidArchive } from './invalid.ts'
import { comparePaths } from './member-names.ts'
import { parseMetadata, type CoreMetadata } from './metadata.ts'
import { observeNothing, type Observe } from './observer.ts'
import { readSdist } from './sdist.ts'
import type { TarEntry } from './tar/reader.ts'
import { openWheel, wheelDigest, wheelText } from './wheel.ts'
import type { ZipArchive, ZipEntry } from './zip/reader.ts'

/** A file inside an artifact. */
export interface Member {
  path: string
  kind: 'file' | 'directory' | 'symlink' | 'hardlink'
  /** Permission bits. */
  mode: number
  size: number
  /** Of the content; of the target's text for a symbolic link, of the target's content for a hard link. */
  sha256: Sha256
  linkTarget: string | null
  /** Of the raw headers. For zip, less what follows from content and from the place in the file. */
  headers: Sha256
  /** Of the compressed bytes, where each member is compressed by itself (zip). */
  packed: Sha256 | null
  /** What the headers say, to name a difference. */
  fields: Record<string, string | number>
}

/** An artifact as its strict reader sees it. Members are in the order of the archive. */
export interface Archive {
  members: Member[]
  /** What belongs to no member: the gzip header and the end of the tar stream, or the end of the zip file. */
  container: Record<string, string | number>
  metadata: CoreMetadata
}

const largestMetadata = 16 * 2 ** 20

/**
 * Reads an sdist or wheel with all its checks, RECORD's hashes among them. Two archives whose members, in order, have
 * equal `headers`, content and `packed`, and whose containers are equal, are equal bit for bit but for an sdist's
 * DEFLATE stream.
 *
 * @param options `observe` sees the members and their content in the same pass
 * @throws TagproofError `archive-invalid`
 */
export async function readArchive(
  file: string,
  kind: 'sdist' | 'wheel',
  { observe = observeNothing }: { observe?: Observe } = {}
): Promise<Archive> {
  return kind === 'sdist' ? readSdistArchive(file, observe) : readWheelArchive(file, observe)
}

async function readSdistArchive(file: string, observe: Observe): Promise<Archive> {
  const members = new Map<string, Member>()
  let container: Archive['container'] = {}
  let metadata: CoreMetadata | undefined
  const entries = readSdist(file, {
    onHeader: ({ flags, mtime, extraFlags, operatingSystem, name }) =>
      (container = {
        ...container,
        gzipFlags: flags,
        gzipMtime: mtime,
        gzipExtraFlags: extraFlags,
        gzipOperatingSystem: operatingSystem,
        gzipName: name
      }),
    onEnd: (zeros) => (container = { ...container, tarEndZeros: zeros })
  })
  for await (const entry of entries) {
    const isMetadata = /^[^/]+\/PKG-INFO$/.test(entry.path) && entry.size <= largestMetadata
    const kept: Buffer[] = []
    const hash = createHash('sha256')
    const observer = observe(entry)
    for await (const piece of entry.content) {
      hash.update(piece)
      observer?.update(piece)
      if (isMetadata) kept.push(piece)
    }
    observer?.end()
    if (isMetadata) metadata = parseMetadata(Buffer.concat(kept), entry.path)
    members.set(entry.path, tarMember(entry, hash, members.get(entry.linkTarget ?? '')))
  }
  if (metadata === undefined) throw invalidArchive({ format: 'sdist' }, 'PKG-INFO is larger than 16 MiB')
  return { members: [...members.values()], container, metadata }
}

function tarMember(entry: TarEntry, content: Hash, target: Member | undefined): Member {
  const { path, kind, mode, linkTarget, mtime, uid, gid, uname, gname, attributes } = entry
  if (kind === 'symlink') content.update(linkTarget ?? '')
  const linked = kind === 'hardlink' ? target : undefined
  return {
    path,
    kind,
    mode,
    size: linked?.size ?? entry.size,
    sha256: linked?.sha256 ?? asSha256(content.digest('hex')),
    linkTarget,
    headers: asSha256(createHash('sha256').update(entry.headers).digest('hex')),
    packed: null,
    fields: {
      mode,
      mtime,
      uid,
      gid,
      uname,
      gname,
      linkTarget: linkTarget ?? '',
      headerBytes: entry.headers.length,
      ...Object.fromEntries(attributes)
    }
  }
}

async function readWheelArchive(file: string, observe: Observe): Promise<Archive> {
  const wheel = await openWheel(file)
  try {
    const members: Member[] = []
    for (const entry of wheel.archive.entries) {
      const kind = entry.isDirectory ? 'directory' : 'file'
      const observer = observe({ ...entry, kind, linkTarget: null })
      const content = await wheelDigest(wheel, entry, observer)
      members.push(zipMember(entry, content, await digest(wheel.archive.rawContent(entry))))
    }
    const name = `${wheel.distInfo}/METADATA`
    const metadata = parseMetadata(Buffer.from(await wheelText(wheel.archive, name)), name)
    return { members, container: zipContainer(wheel.archive), metadata }
  } finally {
    await wheel.archive.close()
  }
}

/** The order of the entries in the file where it is not that of the directory, and the records at the end. */
function zipContainer({ entries, end }: ZipArchive): Archive['container'] {
  const order = [...entries].sort((one, other) => one.offset - other.offset).map(({ index }) => index)
  const inOrder = order.every((place, index) => place === index)
  return { zipOrder: inOrder ? 'directory' : order.join(' '), zipEnd: end.toString('hex') }
}

function zipMember(entry: ZipEntry, content: Sha256, packed: Sha256): Member {
  const { path, isDirectory, mode, size, method, dosTime, flags, versionMadeBy, descriptor, headers } = entry
  return {
    path,
    kind: isDirectory ? 'directory' : 'file',
    mode,
    size,
    sha256: content,
    linkTarget: null,
    headers: asSha256(createHash('sha256').update(headers).update(String(descriptor)).digest('hex')),
    packed,
    fields: {
      mode,
      method,
      dosTime: dosTimeText(dosTime),
      flags,
      versionMadeBy,
      descriptor,
      headerBytes: headers.length
    }
  }
}

/** A DOS time as text, such as `2023-11-14 22:13:20`. */
function dosTimeText(dosTime: number): string {
  const date = Math.floor(dosTime / 65536)
  const clock = dosTime % 65536
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${1980 + (date >> 9)}-${two((date >> 5) & 15)}-${two(date & 31)}`
  return `${day} ${two(clock >> 11)}:${two((clock >> 5) & 63)}:${two((clock & 31) * 2)}`
}

async function digest(content: AsyncIterable<Buffer>): Promise<Sha256> {
  const hash = createHash('sha256')
  for await (const piece of content) hash.update(piece)
  return asSha256(hash.digest('hex'))
}

/**
 * SHA-256 over one line `mode sha256 path\n` per file and link, in byte order of the paths: six octal digits of mode
 * (`100644`; `120000` for a symbolic link, whose hash is that of its target's text), so that a stranger can check it
 * with any zip or tar library. Folders do not count; a hard link counts as the file it leads to.
 */
export function contentDigest(members: readonly Member[]): Sha256 {
  const hash = createHash('sha256')
  const counted = members
    .filter(({ kind }) => kind !== 'directory')
    .sort((one, other) => comparePaths(one.path, other.path))
  for (const { kind, mode, sha256, path } of counted) {
    const full = kind === 'symlink' ? 0o120000 : 0o100000 | mode
    hash.update(`${full.toString(8)} ${sha256} ${path}\n`)
  }
  return asSha256(hash.digest('hex'))
}
