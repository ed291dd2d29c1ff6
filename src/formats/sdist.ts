import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rm, stat, type FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sha256, type Epoch, type Sha256 } from '../documents/identifiers.ts'
import { FileSink } from './file-sink.ts'
import { hashed } from './hashed.ts'
import { readGzip, writeGzip, type GzipHeader } from './gzip.ts'
import { invalidArchive } from './invalid.ts'
import { comparePaths, resolveLink } from './member-names.ts'
import { replaceNothing, type Replace } from './replacement.ts'
import { readTar, type TarEntry } from './tar/reader.ts'
import { tarEnd, tarHeader, tarPadding } from './tar/writer.ts'

export interface SdistRules {
  onHeader?: (header: GzipHeader) => void
  /** Told how many zero bytes end the tar stream. */
  onEnd?: (zeros: number) => void
}

/** The index's rule against bombs: no more than 50 times the file, where it is more than 64 MiB. */
const bombRatio = 50
const bombSize = 64 * 2 ** 20

/**
 * Reads an sdist strictly: gzip and tar as their readers demand, everything below one top folder that holds
 * `PKG-INFO`, and no link that leads out of it (PEP 625, PEP 721).
 *
 * @throws TagproofError `archive-invalid`
 */
export async function* readSdist(file: string, rules: SdistRules = {}): AsyncGenerator<TarEntry, void, void> {
  const maximumSize = Math.max(bombSize, bombRatio * (await stat(file)).size)
  const { onHeader, onEnd } = rules
  const unpacked = readGzip(createReadStream(file, { highWaterMark: 1 << 16 }), {
    maximumSize,
    ...(onHeader === undefined ? {} : { onHeader })
  })
  let top: string | undefined
  let hasMetadata = false
  for await (const entry of readTar(unpacked, onEnd === undefined ? {} : { onEnd })) {
    const [first = ''] = entry.path.split('/')
    top ??= first
    const problem = entryProblem(entry, top)
    if (problem !== undefined)
      throw invalidArchive(
        { format: 'sdist', entry: entry.index, offset: entry.offset, path: entry.path },
        problem
      )
    if (entry.path === `${top}/PKG-INFO` && entry.kind === 'file') hasMetadata = true
    yield entry
  }
  if (!hasMetadata) throw invalidArchive({ format: 'sdist' }, 'the top folder holds no PKG-INFO')
}

function entryProblem(entry: TarEntry, top: string): string | undefined {
  if (top === '.') return 'the archive has no top folder'
  if (entry.path !== top && !entry.path.startsWith(`${top}/`))
    return `the entry is not below the one top folder ${JSON.stringify(top)}`
  if (entry.path === top && entry.kind !== 'directory') return 'a file stands beside the top folder'
  const mode = modeProblem(entry)
  if (mode !== undefined) return mode
  if (entry.kind !== 'symlink') return undefined
  const target = resolveLink(entry.path, entry.linkTarget ?? '')
  if (target !== undefined && (target === top || target.startsWith(`${top}/`))) return undefined
  return `the link to ${JSON.stringify(entry.linkTarget)} may lead out of the top folder`
}

/** Permissions that make tools disagree on what is unpacked, if these are such. */
export function modeProblem({ kind, mode }: Pick<TarEntry, 'kind' | 'mode'>): string | undefined {
  if (kind === 'file' && (mode & 0o111) !== 0 && (mode & 0o100) === 0)
    return `installers disagree on whether mode ${mode.toString(8)} is executable`
  // GNU tar sets it before it has unpacked what comes later, and then cannot.
  if (kind === 'directory' && (mode & 0o700) !== 0o700)
    return `the folder has mode ${mode.toString(8)}, in which its owner cannot put files`
  return undefined
}

interface Spooled {
  path: string
  kind: 'file' | 'directory' | 'symlink'
  mode: number
  linkTarget: string | null
  at: number
  size: number
}

/**
 * Packs an sdist again, canonically: members in byte order of their paths, times = epoch, owners 0, modes 644 or 755
 * (links 777), our own gzip. Content is never touched. Links are kept. A hard link, which only tells how a disk held
 * two equal files, becomes a file; a folder has an entry only if nothing is in it. The same members give the same
 * bytes, and packing the result again changes nothing.
 *
 * Content passes through a temporary file beside `output`; memory does not grow with it.
 *
 * @returns SHA-256 of the tar stream that was compressed: what {@link canonicalSdistDigest} gives
 * @throws TagproofError `archive-invalid`
 */
export async function canonicalSdist(
  input: string,
  output: string,
  epoch: Epoch,
  replace: Replace = replaceNothing
): Promise<Sha256> {
  const hash = createHash('sha256')
  try {
    await withSpool(`${output}.${randomBytes(6).toString('hex')}.spool`, async (spool) => {
      const tar = tarOf(await fillSpool(input, spool, replace), spool, epoch)
      await pipeline(Readable.from(writeGzip(hashed(tar, hash))), createWriteStream(output))
    })
  } catch (error) {
    await rm(output, { force: true })
    throw error
  }
  return sha256(hash.digest('hex'))
}

/**
 * What {@link canonicalSdist} would compress, as SHA-256: two sdists with one digest have one canonical form, since
 * the compressor is a function of its input.
 *
 * @param spoolFile a temporary file for the content; must not exist
 * @throws TagproofError `archive-invalid`
 */
export async function canonicalSdistDigest(
  input: string,
  spoolFile: string,
  epoch: Epoch,
  replace: Replace = replaceNothing
): Promise<Sha256> {
  const hash = createHash('sha256')
  await withSpool(spoolFile, async (spool) => {
    for await (const piece of tarOf(await fillSpool(input, spool, replace), spool, epoch)) hash.update(piece)
  })
  return sha256(hash.digest('hex'))
}

async function withSpool(file: string, use: (spool: FileHandle) => Promise<void>): Promise<void> {
  const spool = await open(file, 'wx+', 0o600)
  try {
    await use(spool)
  } finally {
    await spool.close()
    await rm(file, { force: true })
  }
}

async function fillSpool(input: string, spool: FileHandle, replace: Replace): Promise<Spooled[]> {
  const entries = new Map<string, Spooled>()
  const writer = new FileSink(spool)
  for await (const entry of readSdist(input)) {
    const { path, kind, mode, linkTarget } = entry
    // The reader refuses them in an sdist.
    if (kind === 'device' || kind === 'fifo') continue
    if (kind === 'hardlink') {
      const target = entries.get(linkTarget ?? '')
      if (target?.kind !== 'file')
        throw invalidArchive(
          { format: 'sdist', entry: entry.index, offset: entry.offset, path },
          'a hard link leads to no file'
        )
      entries.set(path, { ...target, path })
      continue
    }
    const at = writer.offset
    const other = kind === 'directory' ? undefined : await replace({ path, size: entry.size })
    for await (const piece of other?.content ?? entry.content) await writer.write(piece)
    const target = other?.linkTarget ?? linkTarget
    entries.set(path, { path, kind, mode, linkTarget: target, at, size: writer.offset - at })
  }
  await writer.flush()
  return withoutFullFolders([...entries.values()].sort((one, other) => comparePaths(one.path, other.path)))
}

function withoutFullFolders(entries: Spooled[]): Spooled[] {
  const full = new Set<string>()
  for (const { path } of entries)
    for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
      if (full.has(path.slice(0, cut))) break
      full.add(path.slice(0, cut))
    }
  return entries.filter(({ kind, path }) => kind !== 'directory' || !full.has(path))
}

async function* tarOf(entries: readonly Spooled[], spool: FileHandle, epoch: Epoch): AsyncGenerator<Buffer> {
  for (const { path, kind, mode, linkTarget, at, size } of entries) {
    yield tarHeader({ path, kind, mode: canonicalMode(kind, mode), size, mtime: epoch, linkTarget })
    for (let read = 0; read < size;) {
      const piece = Buffer.allocUnsafe(Math.min(1 << 16, size - read))
      const { bytesRead } = await spool.read(piece, 0, piece.length, at + read)
      if (bytesRead === 0) throw new Error('the temporary file was cut')
      read += bytesRead
      yield piece.subarray(0, bytesRead)
    }
    yield tarPadding(size)
  }
  yield tarEnd
}

function canonicalMode(kind: Spooled['kind'], mode: number): number {
  if (kind === 'symlink') return 0o777
  return kind === 'directory' || (mode & 0o100) !== 0 ? 0o755 : 0o644
}
