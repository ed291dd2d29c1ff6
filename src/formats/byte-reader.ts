const nothing = Buffer.alloc(0)

/** Reads a stream in pieces of the reader's choice, and knows the offset of the next byte. */
export class ByteReader {
  /** Bytes taken so far. */
  offset = 0
  private readonly iterator: AsyncIterator<Uint8Array>
  private pending: Buffer = nothing
  private ended = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.iterator = source[Symbol.asyncIterator]()
  }

  /** What is at hand, 1 to `maximum` bytes; undefined at the end. Never copies. */
  async some(maximum: number): Promise<Buffer | undefined> {
    if (!(await this.fill())) return undefined
    const piece = this.pending.subarray(0, maximum)
    this.pending = this.pending.subarray(piece.length)
    this.offset += piece.length
    return piece
  }

  /** Exactly `length` bytes, or fewer at the end. For small lengths: the bytes are held at once. */
  async exactly(length: number): Promise<Buffer> {
    if (this.pending.length >= length) return this.take(length)
    const pieces: Buffer[] = []
    let missing = length
    while (missing > 0) {
      const piece = await this.some(missing)
      if (piece === undefined) break
      pieces.push(piece)
      missing -= piece.length
    }
    return Buffer.concat(pieces)
  }

  /** Puts back bytes that were taken last. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.pending = this.pending.length === 0 ? bytes : Buffer.concat([bytes, this.pending])
    this.offset -= bytes.length
  }

  /** Lets the source free what it holds; needed when it was not read to its end. */
  async close(): Promise<void> {
    if (this.ended) return
    this.ended = true
    await this.iterator.return?.()
  }

  private take(length: number): Buffer {
    const piece = this.pending.subarray(0, length)
    this.pending = this.pending.subarray(length)
    this.offset += length
    return piece
  }

  private async fill(): Promise<boolean> {
    while (this.pending.length === 0) {
      if (this.ended) return false
      const next = await this.iterator.next()
      if (next.done === true) this.ended = true
      else this.pending = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    return true
  }
}
