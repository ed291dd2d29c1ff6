import { ByteReader } from '../byte-reader.ts'
import { invalidArchive } from '../invalid.ts'
import { MemberNames, type NameRules } from '../member-names.ts'
import { blockDevice, typeBits, type MemberKind } from '../member.ts'
import { decodeTarText, isZero, parseTarBlock, TarBlockProblem, type TarBlock } from './header.ts'
import { parsePaxRecords } from './pax.ts'
import { tarBlockSize } from './writer.ts'

/** The numbers of a device node. */
export interface TarDevice {
  type: 'character' | 'block'
  major: number
  minor: number
}

export interface TarEntry {
  /** Without leading `./` and trailing `/`; the root folder itself is `.`. */
  path: string
  kind: MemberKind
  /** Permission bits, set-id and sticky bits included. */
  mode: number
  size: number
  /** Seconds since 1970; pax times may have a fraction. */
  mtime: number
  uid: number
  gid: number
  uname: string
  gname: string
  linkTarget: string | null
  /** What a device is; null for all else. */
  device: TarDevice | null
  /** Vendor records of the pax header, extended attributes among them (values as latin1). */
  attributes: ReadonlyMap<string, string>
  /** Position of the entry, from 0. */
  index: number
  /** Where its first header block begins. */
  offset: number
  /** All raw header blocks, those of pax and GNU extensions included. */
  headers: Buffer
  /** The bytes; may be read once, before the next entry is asked for. What is not read is skipped. */
  content: AsyncIterable<Buffer>
}

export interface TarRules extends NameRules {
  /** Devices and named pipes, which no package of source files has. Default: refuse. */
  specials?: 'refuse' | 'accept'
  /** Pax headers, which dpkg does not read. Default: accept. */
  pax?: 'refuse' | 'accept'
  /** Told when the archive has ended: how many zero bytes end it, the two end blocks included. */
  onEnd?: (zeros: number) => void
}

const pieceSize = 1 << 16
const largestExtension = 1 << 20
const kinds: Record<string, MemberKind> = { 0: 'file', 1: 'hardlink', 2: 'symlink', 5: 'directory' }
const specialKinds: Record<string, MemberKind> = { 3: 'device', 4: 'device', 6: 'fifo' }
const refusedTypes: Record<string, string> = {
  3: 'a character device',
  4: 'a block device',
  6: 'a named pipe',
  7: 'a contiguous file',
  S: 'a sparse file'
}

/** What earlier entries were. */
interface Known {
  names: MemberNames
  specials: boolean
  /** Permission bits of each file and hard link. */
  modes: Map<string, number>
}

interface Extensions {
  headers: Buffer[]
  pax: Map<string, string> | undefined
  longPath: string | undefined
  longLink: string | undefined
}

/**
 * Reads a tar stream strictly: ustar, pax, and GNU long names. Every byte is accounted for: checksums, unused header
 * bytes, padding, the two end blocks, and nothing but zeros after them. Names are checked by {@link MemberNames};
 * sparse files, devices, and links to members that are not there are refused. Holds one piece of content at a time.
 *
 * @throws TagproofError `archive-invalid` with the entry's index and offset
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  rules: TarRules = {}
): AsyncGenerator<TarEntry, void, void> {
  const reader = new ByteReader(source)
  const known: Known = {
    names: new MemberNames(rules),
    specials: rules.specials === 'accept',
    modes: new Map()
  }
  try {
    for (let index = 0; ; index += 1) {
      const offset = reader.offset
      const head = await readHead(reader, index, offset, rules)
      if (head === undefined) break
      const entry = checkedEntry(head, known, index, offset)
      let remaining = entry.size
      const fail = (problem: string): Error =>
        invalidArchive({ format: 'tar', entry: index, offset, path: entry.path }, problem)
      const content = async function* (): AsyncGenerator<Buffer> {
        while (remaining > 0) {
          const piece = await reader.some(Math.min(remaining, pieceSize))
          if (piece === undefined) throw fail('the archive ends inside the content')
          remaining -= piece.length
          yield piece
        }
      }
      yield { ...entry, content: content() }
      const unread = content()
      while ((await unread.next()).done !== true);
      const padding = await reader.exactly((tarBlockSize - (entry.size % tarBlockSize)) % tarBlockSize)
      if (reader.offset % tarBlockSize !== 0) throw fail('the archive ends inside the padding')
      if (!isZero(padding)) throw fail('the padding is not zero')
    }
    const zeros = await readEnd(reader)
    rules.onEnd?.(zeros)
  } finally {
    await reader.close()
  }
}

/** The header blocks of one entry; undefined at the first zero block. */
async function readHead(
  reader: ByteReader,
  index: number,
  offset: number,
  rules: TarRules
): Promise<{ block: TarBlock; extensions: Extensions } | undefined> {
  const extensions: Extensions = { headers: [], pax: undefined, longPath: undefined, longLink: undefined }
  try {
    for (;;) {
      const raw = await reader.exactly(tarBlockSize)
      if (raw.length < tarBlockSize)
        throw new TarBlockProblem(
          raw.length === 0 ? 'the archive ends without its end blocks' : 'the header is cut'
        )
      if (isZero(raw)) {
        if (extensions.headers.length > 0)
          throw new TarBlockProblem('the archive ends after an extension header')
        return undefined
      }
      // The bytes may belong to a larger buffer that the source reuses.
      const kept = Buffer.from(raw)
      const block = parseTarBlock(kept)
      extensions.headers.push(kept)
      if (!'xgLK'.includes(block.type)) return { block, extensions }
      if (rules.pax === 'refuse' && 'xg'.includes(block.type))
        throw new TarBlockProblem('the entry has a pax header, which is not read here')
      await readExtension(reader, block, extensions)
    }
  } catch (problem) {
    if (!(problem instanceof TarBlockProblem)) throw problem
    throw invalidArchive({ format: 'tar', entry: index, offset }, problem.message)
  }
}

async function readExtension(reader: ByteReader, block: TarBlock, extensions: Extensions): Promise<void> {
  if (block.size > largestExtension) throw new TarBlockProblem('an extension header is larger than 1 MiB')
  if (extensions.headers.length > 16) throw new TarBlockProblem('the entry has too many extension headers')
  const padded = Buffer.from(await reader.exactly(Math.ceil(block.size / tarBlockSize) * tarBlockSize))
  if (padded.length < block.size || padded.length % tarBlockSize !== 0)
    throw new TarBlockProblem('the archive ends inside an extension header')
  const data = padded.subarray(0, block.size)
  if (!isZero(padded.subarray(block.size))) throw new TarBlockProblem('the padding is not zero')
  extensions.headers.push(padded)
  if (block.type === 'g') checkGlobal(parsePaxRecords(data))
  else if (block.type === 'x') extensions.pax = once(extensions.pax, parsePaxRecords(data))
  else if (block.type === 'L') extensions.longPath = once(extensions.longPath, gnuName(data))
  else extensions.longLink = once(extensions.longLink, gnuName(data))
  if (extensions.pax !== undefined && (extensions.longPath ?? extensions.longLink) !== undefined)
    throw new TarBlockProblem('the entry mixes pax and GNU extensions')
}

function once<T>(before: T | undefined, value: T): T {
  if (before !== undefined) throw new TarBlockProblem('the entry has two extension headers of one kind')
  return value
}

/** `git archive` writes the commit in a global comment; anything else would change every later entry. */
function checkGlobal(records: Map<string, string>): void {
  const other = [...records.keys()].find((key) => key !== 'comment')
  if (other !== undefined) throw new TarBlockProblem(`a global pax header sets ${JSON.stringify(other)}`)
}

function gnuName(data: Buffer): string {
  const text = decodeTarText(data.at(-1) === 0 ? data.subarray(0, -1) : data, 'a long name')
  if (text === '' || text.includes('\0')) throw new TarBlockProblem('a long name is empty or holds NUL')
  return text
}

function checkedEntry(
  { block, extensions }: { block: TarBlock; extensions: Extensions },
  known: Known,
  index: number,
  offset: number
): Omit<TarEntry, 'content'> {
  const pax = extensions.pax ?? new Map<string, string>()
  const fullPath = pax.get('path') ?? extensions.longPath ?? block.path
  const path = plainPath(fullPath)
  const fail = (problem: string): never => {
    throw invalidArchive({ format: 'tar', entry: index, offset, path: fullPath }, problem)
  }
  const kind = kinds[block.type] ?? (known.specials ? specialKinds[block.type] : undefined)
  if (kind === undefined)
    return fail(
      `the entry is ${refusedTypes[block.type] ?? `of the unknown type ${JSON.stringify(block.type)}`}`
    )
  if (kind !== 'directory' && fullPath.endsWith('/')) fail('the name ends in "/", but the entry is no folder')
  const linked = kind === 'symlink' || kind === 'hardlink'
  const linkTarget = pax.get('linkpath') ?? extensions.longLink ?? block.linkTarget
  if (linked !== (linkTarget !== ''))
    fail(linked ? 'the link has no target' : 'only a link may have a target')
  const size = sizeOf(block, pax, fail)
  if (kind !== 'file' && size !== 0) fail('only a file may have content')
  const nameProblem =
    path === '.' && kind === 'directory' ? undefined : known.names.add(path, kind === 'directory')
  if (nameProblem !== undefined) fail(nameProblem)
  const mode = permissionBits(block.mode, kind, fail)
  if (kind === 'hardlink') checkHardLink(known.modes.get(plainPath(linkTarget)), mode, fail)
  if (kind === 'file' || kind === 'hardlink') known.modes.set(path, mode)
  return {
    path,
    kind,
    mode,
    size,
    mtime: Number(pax.get('mtime') ?? block.mtime),
    uid: Number(pax.get('uid') ?? block.uid),
    gid: Number(pax.get('gid') ?? block.gid),
    uname: pax.get('uname') ?? block.uname,
    gname: pax.get('gname') ?? block.gname,
    linkTarget: linked ? (kind === 'hardlink' ? plainPath(linkTarget) : linkTarget) : null,
    device: kind === 'device' ? { type: block.type === '3' ? 'character' : 'block', ...block.device } : null,
    attributes: new Map([...pax].filter(([key]) => key.includes('.'))),
    index,
    offset,
    headers: Buffer.concat(extensions.headers)
  }
}

function plainPath(path: string): string {
  if (path === '.' || path === './') return '.'
  return path.replace(/^\.\//, '').replace(/\/$/, '')
}

/** Python gives the file the mode of its last link, GNU tar leaves it that of the first: they must not differ. */
function checkHardLink(targetMode: number | undefined, mode: number, fail: (problem: string) => never): void {
  if (targetMode === undefined) fail('the hard link leads to no earlier file')
  if (targetMode !== mode) fail('the hard link has other permissions than its file')
}

/** A pax size counts only where the header's field is too small for it; elsewhere readers would disagree. */
function sizeOf(block: TarBlock, pax: Map<string, string>, fail: (problem: string) => never): number {
  const text = pax.get('size')
  if (text === undefined || Number(text) === block.size) return block.size
  if (Number(text) <= 0o77777777777 || block.size !== 0) return fail('pax and header disagree on the size')
  return Number(text)
}

/** Some writers put the whole `st_mode` there; its type must then be the entry's. */
function permissionBits(mode: number, kind: MemberKind, fail: (problem: string) => never): number {
  const type = mode & ~0o7777
  return type === 0 || type === typeBits[kind] || (kind === 'device' && type === blockDevice)
    ? mode & 0o7777
    : fail('mode and type of the entry disagree')
}

/** After the first zero block: a second one, then only zeros. */
async function readEnd(reader: ByteReader): Promise<number> {
  const offset = reader.offset
  const fail = (problem: string): Error => invalidArchive({ format: 'tar', offset }, problem)
  for (;;) {
    const piece = await reader.some(pieceSize)
    if (piece === undefined) break
    if (!isZero(piece)) throw fail('data follows the end blocks')
  }
  const zeros = reader.offset - offset + tarBlockSize
  if (zeros < 2 * tarBlockSize) throw fail('the second end block is missing')
  if (zeros % tarBlockSize !== 0) throw fail('the archive is no whole number of blocks')
  return zeros
}
