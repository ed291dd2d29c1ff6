import { open, type FileHandle } from 'node:fs/promises'
import { invalidArchive } from '../invalid.ts'

/** A zip file as its reader needs it: any part of it at any time. */
export interface ZipSource {
  /** Bytes of the file. */
  readonly size: number
  /** Exactly these bytes; they must not be changed. @throws TagproofError `archive-invalid` if the file is cut */
  bytesAt(offset: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

/** A file up to this size is held whole; of a larger one a window of it. */
const heldWhole = 16 * 2 ** 20
const windowSize = 2 ** 18

/** Opens a file for reading here and there. The caller closes it. */
export async function openZipSource(file: string): Promise<ZipSource> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    return windowed(handle, size, size <= heldWhole ? size : windowSize)
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** A zip file that is in memory already. */
export function zipSourceOf(bytes: Buffer): ZipSource {
  return {
    size: bytes.length,
    bytesAt: (offset, length) =>
      offset + length > bytes.length
        ? Promise.reject(cut(bytes.length))
        : Promise.resolve(bytes.subarray(offset, offset + length)),
    close: () => Promise.resolve()
  }
}

/** Reads ahead: what is asked for next mostly follows what was asked for last. */
function windowed(handle: FileHandle, size: number, reach: number): ZipSource {
  let held: Buffer = Buffer.alloc(0)
  let start = 0
  return {
    size,
    bytesAt: async (offset, length) => {
      if (offset < start || offset + length > start + held.length) {
        const from = reach === size ? 0 : offset
        held = await readExactly(
          handle,
          from,
          Math.min(Math.max(reach, length), size - from),
          offset + length
        )
        start = from
      }
      return held.subarray(offset - start, offset - start + length)
    },
    close: () => handle.close()
  }
}

async function readExactly(
  handle: FileHandle,
  offset: number,
  length: number,
  neededEnd: number
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  if (offset + filled < neededEnd) throw cut(offset + filled)
  return bytes.subarray(0, filled)
}

function cut(offset: number): Error {
  return invalidArchive({ format: 'zip', offset }, 'the file is cut')
}
