import type { FileHandle } from 'node:fs/promises'

/** Writes a file from its start: gathers small pieces, knows its offset, and can go back to a header. */
export class FileSink {
  /** Where the next byte goes. */
  offset = 0
  private pieces: Uint8Array[] = []
  private held = 0
  private readonly handle: FileHandle

  constructor(handle: FileHandle) {
    this.handle = handle
  }

  async write(piece: Uint8Array): Promise<void> {
    this.pieces.push(piece)
    this.held += piece.length
    this.offset += piece.length
    if (this.held > 1 << 20) await this.flush()
  }

  /** Replaces a piece that was written whole, by one of the same length. */
  async rewrite(offset: number, bytes: Uint8Array): Promise<void> {
    let start = this.offset
    for (let at = this.pieces.length - 1; at >= 0 && start > offset; at -= 1) {
      start -= this.pieces[at]?.length ?? 0
      if (start === offset) {
        this.pieces[at] = bytes
        return
      }
    }
    await writeAll(this.handle, bytes, offset)
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.pieces)
    await writeAll(this.handle, bytes, this.offset - bytes.length)
    this.pieces = []
    this.held = 0
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, offset + at)
    at += bytesWritten
  }
}
