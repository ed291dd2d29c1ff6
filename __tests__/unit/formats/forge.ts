import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import type { TagproofError } from '../../../src/platform/errors.ts'
import { tarChecksum, tarEnd, tarHeader, tarPadding } from '../../../src/formats/tar/writer.ts'

/** Archives as an attacker would make them: honest by default, wrong where the caller says. */
export interface ForgedZipEntry {
  name: string | Buffer
  content?: Buffer
  method?: number
  flags?: number
  /** Unix mode with type bits. */
  mode?: number
  external?: number
  localName?: string
  localExtra?: Buffer
  centralExtra?: Buffer
  comment?: string
  /** Other numbers than the true ones. */
  crc?: number
  centralSize?: number
  localSize?: number
  localTime?: number
  disk?: number
  /** Compressed bytes instead of the right ones. */
  packed?: Buffer
  /** Bytes right after the content. */
  after?: Buffer
  hiddenFromDirectory?: boolean
  /** Central header alone, for the local header of the entry before it. */
  centralOnly?: boolean
  offsetShift?: number
}

export interface ForgedZip {
  prefix?: Buffer
  beforeDirectory?: Buffer
  beforeEnd?: Buffer
  tail?: Buffer
  count?: number
  endComment?: string
}

export function forgeZip(entries: readonly ForgedZipEntry[], rules: ForgedZip = {}): Buffer {
  const parts: Buffer[] = [rules.prefix ?? Buffer.alloc(0)]
  const central: Buffer[] = []
  const here = (): number => parts.reduce((sum, part) => sum + part.length, 0)
  let start = 0
  for (const entry of entries) {
    const content = entry.content ?? Buffer.from('content\n')
    const method = entry.method ?? 0
    const packed = entry.packed ?? (method === 8 ? deflateRawSync(content) : content)
    const name = Buffer.from(entry.name)
    const flags = entry.flags ?? (name.some((byte) => byte > 127) ? 0x800 : 0)
    if (entry.centralOnly !== true) {
      start = here()
      const localName = Buffer.from(entry.localName ?? name)
      const extra = entry.localExtra ?? Buffer.alloc(0)
      const head = Buffer.alloc(30)
      head.writeUInt32LE(0x04034b50, 0)
      head.writeUInt16LE(20, 4)
      head.writeUInt16LE(flags, 6)
      head.writeUInt16LE(method, 8)
      head.writeUInt32LE(entry.localTime ?? 0x21_0000, 10)
      const deferred = (flags & 8) !== 0
      head.writeUInt32LE(deferred ? 0 : (entry.crc ?? crc32(content)), 14)
      head.writeUInt32LE(deferred ? 0 : packed.length, 18)
      head.writeUInt32LE(deferred ? 0 : (entry.localSize ?? content.length), 22)
      head.writeUInt16LE(localName.length, 26)
      head.writeUInt16LE(extra.length, 28)
      parts.push(head, localName, extra, packed, entry.after ?? Buffer.alloc(0))
    }
    if (entry.hiddenFromDirectory === true) continue
    const comment = Buffer.from(entry.comment ?? '')
    const extra = entry.centralExtra ?? Buffer.alloc(0)
    const head = Buffer.alloc(46)
    head.writeUInt32LE(0x02014b50, 0)
    head.writeUInt16LE(0x0314, 4)
    head.writeUInt16LE(20, 6)
    head.writeUInt16LE(flags, 8)
    head.writeUInt16LE(method, 10)
    head.writeUInt32LE(0x21_0000, 12)
    head.writeUInt32LE(entry.crc ?? crc32(content), 16)
    head.writeUInt32LE(packed.length, 20)
    head.writeUInt32LE(entry.centralSize ?? content.length, 24)
    head.writeUInt16LE(name.length, 28)
    head.writeUInt16LE(extra.length, 30)
    head.writeUInt16LE(comment.length, 32)
    head.writeUInt16LE(entry.disk ?? 0, 34)
    head.writeUInt32LE(entry.external ?? (entry.mode ?? 0o100644) * 65536, 38)
    head.writeUInt32LE(start + (entry.offsetShift ?? 0), 42)
    central.push(Buffer.concat([head, name, extra, comment]))
  }
  parts.push(rules.beforeDirectory ?? Buffer.alloc(0))
  const offset = here()
  const directory = Buffer.concat(central)
  const comment = Buffer.from(rules.endComment ?? '')
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(rules.count ?? central.length, 8)
  end.writeUInt16LE(rules.count ?? central.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  end.writeUInt16LE(comment.length, 20)
  const nothing = Buffer.alloc(0)
  return Buffer.concat([...parts, directory, rules.beforeEnd ?? nothing, end, comment, rules.tail ?? nothing])
}

/** A data descriptor with signature. */
export function descriptorOf(content: Buffer, packedSize: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(0x08074b50, 0)
  bytes.writeUInt32LE(crc32(content), 4)
  bytes.writeUInt32LE(packedSize, 8)
  bytes.writeUInt32LE(content.length, 12)
  return bytes
}

export function extraField(kind: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(kind, 0)
  head.writeUInt16LE(data.length, 2)
  return Buffer.concat([head, data])
}

/** A tar member with chosen header bytes changed; the checksum is made right again unless it was changed. */
export function tarMember(
  name: string,
  content: Buffer | string = '',
  changes: Record<number, string | Buffer> = {}
): Buffer {
  const bytes = Buffer.from(content)
  const header = tarHeader({
    path: name,
    kind: 'file',
    mode: 0o644,
    size: bytes.length,
    mtime: 1_700_000_000
  })
  const last = header.subarray(header.length - 512)
  for (const [at, change] of Object.entries(changes)) Buffer.from(change).copy(last, Number(at))
  if (changes[148] === undefined) fixChecksum(last)
  return Buffer.concat([header, bytes, tarPadding(bytes.length)])
}

export function fixChecksum(block: Buffer): void {
  block.write(`${tarChecksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}

/** An extension header (`x`, `g`, `L`, `K`) with its data. */
export function tarExtension(type: string, data: Buffer | string): Buffer {
  return tarMember('././@Ext', data, { 156: type })
}

export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let size = rest
  while (size !== rest + String(size).length) size = rest + String(size).length
  return `${size} ${key}=${value}\n`
}

export function tarLink(name: string, target: string): Buffer {
  return tarHeader({ path: name, kind: 'symlink', mode: 0o777, size: 0, mtime: 0, linkTarget: target })
}

/** A hard link; honest if the mode is that of its target. */
export function tarHardLink(name: string, target: string, mode = 0o644): Buffer {
  return tarHeader({ path: name, kind: 'hardlink', mode, size: 0, mtime: 0, linkTarget: target })
}

export function tarFolder(name: string): Buffer {
  return tarHeader({ path: name, kind: 'directory', mode: 0o755, size: 0, mtime: 0 })
}

export function tarOf(...members: Buffer[]): Buffer {
  return Buffer.concat([...members, tarEnd])
}

/** The bytes as a stream in pieces of the given sizes, over and over. */
// eslint-disable-next-line @typescript-eslint/require-await -- streams are asynchronous
export async function* pieces(
  bytes: Uint8Array,
  sizes: readonly number[] = [65_536]
): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

export async function gather(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of source) all.push(piece)
  return Buffer.concat(all)
}

/** The error that the work must end in. */
export async function refusal(work: Promise<unknown>): Promise<TagproofError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error as TagproofError
  )
  if (outcome === undefined) throw new Error('nothing was refused')
  if (outcome.name !== 'TagproofError') throw outcome
  return outcome
}

export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-formats-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Writes the bytes to a file of that name for the time of `use`. */
export async function asFile<T>(
  name: string,
  bytes: Uint8Array,
  use: (file: string) => Promise<T>
): Promise<T> {
  return inFolder(async (folder) => {
    const file = path.join(folder, name)
    await writeFile(file, bytes)
    return use(file)
  })
}
