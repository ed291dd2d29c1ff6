import { createInflateRaw, inflateRawSync } from 'node:zlib'
import { Deflate } from 'fflate'
import type { ByteReader } from './byte-reader.ts'

/**
 * Our bytes are defined by fflate 0.8.3 with these three values: another chunk size, level or table size gives
 * another valid stream. zlib cannot take this part, for its builds disagree with each other.
 */
export const normativeDeflate = { chunkSize: 65_536, level: 6, memory: 4 } as const
/** For layers of images, which are large: a third less time for two hundredths more bytes. */
export const layerDeflate = { ...normativeDeflate, level: 4 } as const
export type DeflateForm = typeof normativeDeflate | typeof layerDeflate

const inflatePiece = 1 << 16

/** DEFLATE (RFC 1951). The output depends on the bytes alone, not on how they arrive. */
export async function* deflateRaw(
  source: AsyncIterable<Uint8Array>,
  { chunkSize, level, memory }: DeflateForm = normativeDeflate
): AsyncGenerator<Uint8Array, void, void> {
  const made: Uint8Array[] = []
  const deflater = new Deflate({ level, mem: memory }, (piece) => made.push(piece))
  const chunk = Buffer.allocUnsafe(chunkSize)
  let filled = 0
  for await (const piece of source) {
    for (let at = 0; at < piece.length;) {
      // A full chunk waits until more comes: the last one is pushed as last, whatever its size.
      if (filled === chunkSize) {
        deflater.push(chunk, false)
        yield* made.splice(0)
        filled = 0
      }
      const taken = piece.subarray(at, at + chunkSize - filled)
      chunk.set(taken, filled)
      filled += taken.length
      at += taken.length
    }
  }
  deflater.push(chunk.subarray(0, filled), true)
  yield* made.splice(0)
}

/**
 * Inflates one raw DEFLATE stream, and leaves the reader at the byte after its last one.
 * What comes out at a time is small, however well the input is compressed.
 *
 * @throws whatever `fail` makes of zlib's sentence
 */
export async function* inflateRaw(
  reader: ByteReader,
  fail: (problem: string) => Error
): AsyncGenerator<Buffer, void, void> {
  const inflater = createInflateRaw({ chunkSize: inflatePiece })
  let fed = 0
  let last: Buffer = Buffer.alloc(0)
  const write = (piece: Buffer): Promise<void> =>
    new Promise((resolve) => {
      inflater.once('close', resolve)
      inflater.write(piece, () => {
        inflater.off('close', resolve)
        resolve()
      })
    })
  const feed = async (): Promise<void> => {
    while (!inflater.destroyed) {
      const piece = await reader.some(inflatePiece)
      if (piece === undefined) return void inflater.end()
      last = piece
      fed += piece.length
      await write(piece)
      // zlib leaves bytes alone only after the end of the stream.
      if (inflater.bytesWritten < fed) return
    }
  }
  const feeding = feed().catch((error: unknown) => void inflater.destroy(error as Error))
  try {
    yield* inflater as AsyncIterable<Buffer>
  } catch (error) {
    if (!isZlibError(error)) throw error
    throw fail(`the compressed data is damaged: ${error.message}`)
  } finally {
    inflater.destroy()
  }
  await feeding
  reader.unread(last.subarray(last.length - (fed - inflater.bytesWritten)))
}

/**
 * Inflates one raw DEFLATE stream that is in memory, to at most `size` bytes.
 *
 * @returns the content, and how many bytes of the input it took
 * @throws whatever `fail` makes of zlib's sentence
 */
export function inflateRawWhole(
  packed: Buffer,
  size: number,
  fail: (problem: string) => Error
): { bytes: Buffer; used: number } {
  try {
    // One byte more, so that a stream which goes on is seen; zlib's least chunk is 64 bytes.
    const limit = Math.max(64, size + 1)
    const result = inflateRawSync(packed, { info: true, chunkSize: limit, maxOutputLength: limit })
    const { buffer, engine } = result as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
    return { bytes: buffer, used: engine.bytesWritten }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE')
      throw fail('the content is larger than its header says')
    if (!isZlibError(error)) throw error
    throw fail(`the compressed data is damaged: ${error.message}`)
  }
}

function isZlibError(error: unknown): error is Error {
  return String((error as { code?: unknown } | null)?.code).startsWith('Z_')
}
