import { createHash, type Hash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { sha256 as asSha256, type Sha256 } from '../documents/identifiers.ts'
import { tarEnd, tarHeader, tarPadding, type TarHeaderFields } from '../formats/tar/writer.ts'

const bufferedBytes = 1 << 20

/** Writes a tar file in sequence, hashed on the way, with few and large writes. */
export class TarFile {
  private readonly handle: FileHandle
  private readonly hash: Hash = createHash('sha256')
  private pending: Buffer[] = []
  private pendingBytes = 0
  private written = 0

  private constructor(handle: FileHandle) {
    this.handle = handle
  }

  static async create(file: string): Promise<TarFile> {
    return new TarFile(await open(file, 'w', 0o644))
  }

  /** Adds an entry; its chunks must not be written to afterwards. @returns where its content begins in the file */
  async add(
    fields: TarHeaderFields,
    content: AsyncIterable<Buffer> | Iterable<Buffer> = []
  ): Promise<number> {
    await this.write(tarHeader(fields))
    const start = this.written + this.pendingBytes
    for await (const chunk of content) await this.write(chunk)
    await this.write(tarPadding(fields.size))
    return start
  }

  /** Adds the header blocks of an entry as they are; its content follows. */
  async addBlocks(blocks: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of blocks) await this.write(chunk)
  }

  /** Adds the content of the entry whose header was added last. */
  async addContent(size: number, content: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
    for await (const chunk of content) await this.write(chunk)
    await this.write(tarPadding(size))
  }

  /** Everything that was added so far can be read from the file. */
  async flush(): Promise<void> {
    await this.handle.writeFile(Buffer.concat(this.pending))
    this.written += this.pendingBytes
    this.pending = []
    this.pendingBytes = 0
  }

  /** Ends the archive. */
  async end(): Promise<{ sha256: Sha256; size: number }> {
    await this.write(tarEnd)
    await this.flush()
    await this.handle.sync()
    return { sha256: asSha256(this.hash.digest('hex')), size: this.written }
  }

  /** Closes the file, ended or not. */
  async close(): Promise<void> {
    await this.handle.close()
  }

  private async write(chunk: Buffer): Promise<void> {
    this.hash.update(chunk)
    this.pending.push(chunk)
    this.pendingBytes += chunk.length
    if (this.pendingBytes >= bufferedBytes) await this.flush()
  }
}
