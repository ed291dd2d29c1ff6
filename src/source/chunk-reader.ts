/** Takes lines and exact numbers of bytes from a stream of chunks. */
export class ChunkReader {
  private readonly chunks: AsyncIterator<Buffer>
  private pending: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.chunks = source[Symbol.asyncIterator]()
  }

  /** The next line without its end, or undefined at the end of the stream; at most `limit` bytes. */
  async line(limit: number): Promise<string | undefined> {
    for (;;) {
      const end = this.pending.indexOf(0x0a)
      if (end >= 0) {
        const line = this.pending.toString('latin1', 0, end)
        this.pending = this.pending.subarray(end + 1)
        return line
      }
      if (this.pending.length > limit) return undefined
      const next = await this.next()
      if (next === undefined) return undefined
      this.pending = this.pending.length === 0 ? next : Buffer.concat([this.pending, next])
    }
  }

  /** Between 1 and `most` bytes, or undefined at the end of the stream. */
  async some(most: number): Promise<Buffer | undefined> {
    if (this.pending.length === 0) {
      const next = await this.next()
      if (next === undefined) return undefined
      this.pending = next
    }
    const taken = this.pending.subarray(0, most)
    this.pending = this.pending.subarray(taken.length)
    return taken
  }

  private async next(): Promise<Buffer | undefined> {
    for (;;) {
      const result = await this.chunks.next()
      if (result.done === true) return undefined
      if (result.value.length > 0) return result.value
    }
  }
}
