import { open, type FileHandle } from 'node:fs/promises'

/** The end record of a zip, without comment, and how far from the end of a file it is looked for (APPNOTE 4.3.16). */
const endLength = 22
const longestTail = endLength + 0xffff
const endSignature = Buffer.from('PK\x05\x06', 'latin1')
const directorySignature = Buffer.from('PK\x01\x02', 'latin1')
const directoryEntryLength = 46

/**
 * Whether a wheel also passes for a tar, or an sdist for a zip, as Python's `tarfile.is_tarfile` and
 * `zipfile.is_zipfile` tell: the index takes no file that is both (warehouse, `_is_valid_dist_file`). An sdist becomes
 * so by an archive among its last members that the compressor has left as it is.
 */
export async function looksLikeAnotherArchive(
  file: string,
  kind: 'sdist' | 'wheel'
): Promise<'tar' | 'zip' | null> {
  const handle = await open(file)
  try {
    if (kind === 'wheel') return (await startsAsTar(handle)) ? 'tar' : null
    return (await endsAsZip(handle)) ? 'zip' : null
  } finally {
    await handle.close()
  }
}

/** Mode, owner, group, size, time and the numbers of a device in a tar's header (POSIX `pax`, "ustar Interchange Format"). */
const numbers = [
  [100, 8],
  [108, 8],
  [116, 8],
  [124, 12],
  [136, 12],
  [329, 8],
  [337, 8]
] as const

/** A first block whose checksum is right, and whose numbers are some: `tarfile` asks for no more. */
async function startsAsTar(handle: FileHandle): Promise<boolean> {
  const block = await readAt(handle, 0, 512)
  if (block.length < 512) return false
  const stated = /^ *([0-7]+)[ \0]*/.exec(block.toString('latin1', 148, 156))?.[1]
  if (stated === undefined) return false
  const isNumber = ([at, length]: (typeof numbers)[number]): boolean =>
    (block[at] ?? 0) >= 0x80 || /^\s*[0-7]*\s*(\0|$)/.test(block.toString('latin1', at, at + length))
  if (!numbers.every(isNumber)) return false
  const sums = { unsigned: 8 * 32, signed: 8 * 32 }
  for (const [index, byte] of block.entries())
    if (index < 148 || index >= 156) {
      sums.unsigned += byte
      sums.signed += byte < 128 ? byte : byte - 256
    }
  return [sums.unsigned, sums.signed].includes(parseInt(stated, 8))
}

/** An end record near the end, with the directory where it says. */
async function endsAsZip(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat()
  const tail = await readAt(handle, Math.max(0, size - longestTail), longestTail)
  const at = tail.lastIndexOf(endSignature)
  if (at < 0 || at + endLength > tail.length) return false
  const [thisDisk, startDisk] = [tail.readUInt16LE(at + 4), tail.readUInt16LE(at + 6)]
  const [entries, length, offset] = [
    tail.readUInt16LE(at + 10),
    tail.readUInt32LE(at + 12),
    tail.readUInt32LE(at + 16)
  ]
  if (entries === 0 && length === 0 && offset === 0) return true
  if (thisDisk !== startDisk || length < directoryEntryLength) return false
  const start = size - tail.length + at - length
  return start >= 0 && (await readAt(handle, start, 4)).equals(directorySignature)
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}
