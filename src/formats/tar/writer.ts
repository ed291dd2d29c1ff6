/** What a canonical tar entry says; everything else (names of owners, devices) is fixed. */
export interface TarHeaderFields {
  /** UTF-8 path with `/`; a directory may end in `/` or not. */
  path: string
  kind: 'file' | 'directory' | 'symlink' | 'hardlink'
  /** Permission bits, at most 0o7777. */
  mode: number
  /** Bytes of content; 0 unless `kind` is `file`. */
  size: number
  /** Whole seconds since 1970. */
  mtime: number
  linkTarget?: string | null
  /** Owner, at most seven octal digits. Default: 0. */
  uid?: number
  gid?: number
}

export const tarBlockSize = 512

/** Largest number that eleven octal digits hold: 8 GiB − 1. */
const largestOctal = 0o77777777777
const typeFlags = { file: '0', hardlink: '1', symlink: '2', directory: '5' } as const

/**
 * The header blocks of one entry: ustar (POSIX.1-1988), preceded by a pax extended header (POSIX.1-2001) only
 * where ustar cannot say it: a path or link target that is not ASCII or does not fit, a size of 8 GiB or more, a
 * time outside eleven octal digits. Owners are nameless, and 0 where nothing else is said. The same fields always give the same bytes.
 *
 * @throws RangeError on fields that no tar file can hold: callers pass checked values.
 */
export function tarHeader(entry: TarHeaderFields): Buffer {
  checkFields(entry)
  const path = entry.kind === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path
  const linkTarget = entry.linkTarget ?? ''
  const records: [string, string][] = []
  const place = splitPath(path)
  // Records are in alphabetical order, one form for one content.
  if (!fits(linkTarget, 100)) records.push(['linkpath', linkTarget])
  if (entry.mtime < 0 || entry.mtime > largestOctal) records.push(['mtime', String(entry.mtime)])
  if (place === undefined) records.push(['path', path])
  if (entry.size > largestOctal) records.push(['size', String(entry.size)])
  const header = ustarBlock({
    ...(place ?? { name: asciiStandIn(path), prefix: '' }),
    type: typeFlags[entry.kind],
    mode: entry.mode,
    size: entry.size > largestOctal ? 0 : entry.size,
    mtime: entry.mtime < 0 || entry.mtime > largestOctal ? 0 : entry.mtime,
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    linkTarget: fits(linkTarget, 100) ? linkTarget : asciiStandIn(linkTarget)
  })
  return records.length === 0 ? header : Buffer.concat([paxBlocks(records), header])
}

/** The zeros that fill the last block of `size` bytes of content. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((tarBlockSize - (size % tarBlockSize)) % tarBlockSize)
}

/** The two zero blocks that end an archive. No record padding follows. */
export const tarEnd: Buffer = Buffer.alloc(2 * tarBlockSize)

function checkFields({ path, kind, mode, size, mtime, linkTarget, uid = 0, gid = 0 }: TarHeaderFields): void {
  const linked = kind === 'symlink' || kind === 'hardlink'
  if (path === '' || path.includes('\0')) throw new RangeError('tar: a path is empty or holds NUL')
  if (linked !== (linkTarget !== undefined && linkTarget !== null && linkTarget !== ''))
    throw new RangeError(`tar: ${path}: a link needs a target, and only a link has one`)
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) throw new RangeError(`tar: ${path}: mode ${mode}`)
  if (!Number.isSafeInteger(size) || size < 0 || (kind !== 'file' && size !== 0))
    throw new RangeError(`tar: ${path}: size ${size}`)
  for (const owner of [uid, gid])
    if (!Number.isInteger(owner) || owner < 0 || owner > 0o7777777)
      throw new RangeError(`tar: ${path}: owner ${owner}`)
  if (!Number.isSafeInteger(mtime)) throw new RangeError(`tar: ${path}: mtime ${mtime}`)
}

/** Cuts a path at the last `/` that leaves at most 155 bytes before and 100 after it, as Python and GNU tar read it. */
function splitPath(path: string): { name: string; prefix: string } | undefined {
  if (fits(path, 100)) return { name: path, prefix: '' }
  if (!isAscii(path)) return undefined
  for (let cut = path.lastIndexOf('/', 155); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
    const name = path.slice(cut + 1)
    if (name !== '' && name.length <= 100) return { name, prefix: path.slice(0, cut) }
  }
  return undefined
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text)
}

function fits(text: string, bytes: number): boolean {
  return text.length <= bytes && isAscii(text)
}

/** What a reader without pax support would see. */
function asciiStandIn(text: string): string {
  return text.replace(/[^ -~]/gu, '?').slice(0, 100)
}

interface UstarFields {
  name: string
  prefix: string
  type: string
  mode: number
  size: number
  mtime: number
  uid: number
  gid: number
  linkTarget: string
}

function ustarBlock(fields: UstarFields): Buffer {
  const block = Buffer.alloc(tarBlockSize)
  block.write(fields.name, 0, 100, 'latin1')
  block.write(octal(fields.mode, 7), 100, 'latin1')
  block.write(octal(fields.uid, 7), 108, 'latin1')
  block.write(octal(fields.gid, 7), 116, 'latin1')
  block.write(octal(fields.size, 11), 124, 'latin1')
  block.write(octal(fields.mtime, 11), 136, 'latin1')
  block.write('        ', 148, 'latin1')
  block.write(fields.type, 156, 'latin1')
  block.write(fields.linkTarget, 157, 100, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  block.write(octal(0, 7), 329, 'latin1')
  block.write(octal(0, 7), 337, 'latin1')
  block.write(fields.prefix, 345, 155, 'latin1')
  block.write(`${octal(tarChecksum(block), 6)}\0 `, 148, 'latin1')
  return block
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

/** The sum of a header's bytes, those of the checksum field taken as spaces (POSIX ustar). */
export function tarChecksum(block: Buffer): number {
  let sum = 8 * 0x20
  for (let at = 0; at < tarBlockSize; at += 1) if (at < 148 || at >= 156) sum += block[at] ?? 0
  return sum
}

function paxBlocks(records: readonly [string, string][]): Buffer {
  const data = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)))
  const header = ustarBlock({
    name: '././@PaxHeader',
    prefix: '',
    type: 'x',
    mode: 0o644,
    size: data.length,
    mtime: 0,
    uid: 0,
    gid: 0,
    linkTarget: ''
  })
  return Buffer.concat([header, data, tarPadding(data.length)])
}

/** `length key=value\n`, where length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`, 'utf8')
  let length = rest.length
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), rest])
}
