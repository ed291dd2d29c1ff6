import { createHash, type Hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { TagproofError } from '../../platform/errors.ts'
import type { ImageBlob } from './image.ts'

const pieceSize = 1 << 18

/** What a blob is read from, as often as it is needed. */
export interface BlobSource {
  /**
   * A part of the blob as a stream. Parts come one after the other; after a fault an earlier one may come again.
   *
   * @param from first byte, counted from that of the blob
   * @param to the byte behind the last
   * @throws TagproofError through the stream: `hash-mismatch`, `input-missing`
   */
  stream(from: number, to: number): Readable
}

/** Bytes that are in memory already. */
export function memorySource(bytes: Buffer): BlobSource {
  return { stream: (from, to) => Readable.from([bytes.subarray(from, to)], { objectMode: false }) }
}

/**
 * The bytes of a blob in its tar, as often as they are needed, and hashed on their way: the last piece is held back until
 * the hash is right, so a registry never gets other bytes than the proven ones whole.
 */
export class BlobBytes implements BlobSource {
  private readonly file: string
  private readonly blob: ImageBlob
  /** Hash of the first bytes, and how many: what was sent is not read again. */
  private hashed: { hash: Hash; until: number } = { hash: createHash('sha256'), until: 0 }

  constructor(file: string, blob: ImageBlob) {
    this.file = file
    this.blob = blob
  }

  stream(from: number, to: number): Readable {
    return Readable.from(this.pieces(from, to), { objectMode: false, highWaterMark: pieceSize })
  }

  private async *pieces(from: number, to: number): AsyncGenerator<Buffer> {
    const { size, digest } = this.blob
    const hash = await this.hashUntil(from)
    let at = from
    let held: Buffer | null = null
    for await (const piece of this.read(from, to)) {
      hash.update(piece)
      at += piece.length
      if (held !== null) yield held
      held = piece
    }
    if (at !== to) throw this.changed(`${at} bytes, and no more`)
    if (to === size) {
      const found = `sha256:${hash.copy().digest('hex')}`
      if (found !== digest) throw this.changed(found)
    }
    this.hashed = { hash, until: to }
    if (held !== null) yield held
  }

  private async hashUntil(until: number): Promise<Hash> {
    if (this.hashed.until === until) return this.hashed.hash.copy()
    const hash = createHash('sha256')
    for await (const piece of this.read(0, until)) hash.update(piece)
    return hash
  }

  private async *read(from: number, to: number): AsyncGenerator<Buffer> {
    const handle = await open(this.file).catch((cause: unknown) => {
      throw new TagproofError('input-missing', `${this.file} cannot be read.`, {
        found: (cause as Error).message,
        fix: 'Run the same command again once the file is there.',
        cause
      })
    })
    try {
      for (let at = from; at < to;) {
        const piece = Buffer.allocUnsafe(Math.min(pieceSize, to - at))
        const { bytesRead } = await handle.read(piece, 0, piece.length, this.blob.offset + at)
        if (bytesRead === 0) return
        at += bytesRead
        yield bytesRead === piece.length ? piece : piece.subarray(0, bytesRead)
      }
    } finally {
      await handle.close()
    }
  }

  private changed(found: string): TagproofError {
    return new TagproofError('hash-mismatch', `${this.file} does not hold the blob that was proven.`, {
      found,
      expected: this.blob.digest,
      fix: 'Nothing of it was stored. Find out what wrote to the folder, then prove and record again.'
    })
  }
}

/** A small part, in memory. @throws TagproofError `hash-mismatch`, `input-missing` */
export async function bytesOf(file: string, blob: ImageBlob): Promise<Buffer> {
  const pieces: Buffer[] = []
  const stream = new BlobBytes(file, blob).stream(0, blob.size) as AsyncIterable<Buffer>
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}
