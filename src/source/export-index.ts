import type { FileHandle } from 'node:fs/promises'
import { parseTarBlock } from '../formats/tar/header.ts'
import { parsePaxRecords } from '../formats/tar/pax.ts'
import { tarBlockSize } from '../formats/tar/writer.ts'
import { exportPrefix } from './export-entries.ts'

/** Where an entry of an export lies in its file. */
export interface ExportedEntry {
  /** Its first header block. */
  start: number
  /** Its content. */
  content: number
  size: number
}

/**
 * The entries of one of our own exports by their path in the tree, in the order of the file; the top folder is the
 * empty path. Reads the headers alone.
 */
export async function readExportIndex(file: FileHandle): Promise<Map<string, ExportedEntry>> {
  const entries = new Map<string, ExportedEntry>()
  const block = Buffer.alloc(tarBlockSize)
  let pax = new Map<string, string>()
  let start = 0
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(block, 0, tarBlockSize, at)
    if (bytesRead < tarBlockSize || block.every((byte) => byte === 0)) return entries
    const header = parseTarBlock(block)
    const size = Number(pax.get('size') ?? header.size)
    const content = at + tarBlockSize
    at = content + Math.ceil(size / tarBlockSize) * tarBlockSize
    if (header.type === 'x') {
      const records = Buffer.alloc(size)
      await file.read(records, 0, size, content)
      pax = parsePaxRecords(records)
      continue
    }
    const path = (pax.get('path') ?? header.path).replace(/\/$/, '')
    entries.set(path.slice(exportPrefix.length + 1), { start, content, size })
    pax = new Map()
    start = at
  }
}

const pieceBytes = 1 << 20

/** Some bytes of a file, piece by piece. */
export async function* piecesAt(file: FileHandle, offset: number, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, size - at))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset + at)
    if (bytesRead === 0) throw new RangeError('an export was cut while it was read')
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
