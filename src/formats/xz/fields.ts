import { crc32 } from 'node:zlib'
import type { ByteReader } from '../byte-reader.ts'
import { isZero } from '../tar/header.ts'
import { XzProblem } from './lzma.ts'
import { take } from './lzma2.ts'

/** Reads fields of an xz stream whose CRC32 follows them. */
export class CheckedFields {
  private checksum = 0
  private read = 0
  private readonly reader: ByteReader

  constructor(reader: ByteReader) {
    this.reader = reader
  }

  /** Bytes so far, the checksum not counted. */
  get size(): number {
    return this.read
  }

  async bytes(length: number): Promise<Buffer> {
    const bytes = await take(this.reader, length)
    this.checksum = crc32(bytes, this.checksum)
    this.read += length
    return bytes
  }

  async byte(): Promise<number> {
    return (await this.bytes(1))[0] ?? 0
  }

  /** A number in groups of seven bits, in its one shortest form ("The .xz File Format" 1.2). */
  async number(): Promise<number> {
    let value = 0
    for (let place = 0; place < 9; place += 1) {
      const byte = await this.byte()
      if (byte === 0 && place > 0) throw new XzProblem('a number is not in its shortest form')
      value += (byte & 0x7f) * 2 ** (7 * place)
      if (byte >= 0x80) continue
      if (!Number.isSafeInteger(value)) throw new XzProblem('a number is larger than any file')
      return value
    }
    throw new XzProblem('a number has no end')
  }

  async zeros(length: number): Promise<void> {
    if (!isZero(await this.bytes(length))) throw new XzProblem('the padding is not zero')
  }

  /** Reads the checksum, and compares. */
  async end(what: string): Promise<void> {
    const stored = (await take(this.reader, 4)).readUInt32LE(0)
    if (stored !== this.checksum) throw new XzProblem(`the checksum of the ${what} is wrong`)
  }
}
