import type { ByteReader } from '../byte-reader.ts'
import { lzmaProperties } from './lzma-model.ts'
import { LzmaDecoder, lzmaInputSlack, XzProblem } from './lzma.ts'

/** What goes into one LZMA chunk at most. */
const largestPacked = 2 ** 16

/** The first chunk resets the dictionary; the first LZMA chunk after that brings properties. */
type Needs = 'dictionary' | 'properties' | 'state' | 'nothing'

/**
 * Decodes LZMA2 (xz's "The .xz File Format" 5.3.1, and its decoder): chunks until the end marker, after which the
 * reader stands. The decoder may have been used before: the first chunk resets it. What is decoded comes in buffers of its own.
 *
 * @throws XzProblem
 */
export async function* decodeLzma2(
  reader: ByteReader,
  decoder: LzmaDecoder
): AsyncGenerator<Buffer, void, void> {
  const input = new Uint8Array(largestPacked + lzmaInputSlack)
  let needs: Needs = 'dictionary'
  for (;;) {
    const control = (await take(reader, 1))[0] ?? 0
    if (control === 0) return
    if (control >= 0xe0 || control === 1) {
      decoder.resetDictionary()
      needs = 'properties'
    } else if (needs === 'dictionary') throw new XzProblem('the first chunk does not reset the dictionary')
    if (control < 0x80) {
      if (control > 2) throw new XzProblem(`there is no chunk of kind ${control}`)
      yield* storedChunk(reader, decoder)
      // Encoders reset the state then; decoders disagree on what it is otherwise.
      if (needs === 'nothing') needs = 'state'
      continue
    }
    const unpacked = ((control & 0x1f) << 16) + (await readSize(reader))
    const packed = await readSize(reader)
    const reset = (control >> 5) & 3
    if (reset >= 2) {
      const properties = lzmaProperties((await take(reader, 1))[0] ?? 0xff)
      if (properties === undefined) throw new XzProblem('the LZMA properties are none that LZMA2 allows')
      decoder.resetState(properties)
    } else if (needs === 'properties') throw new XzProblem('a chunk brings no LZMA properties')
    else if (reset === 1) decoder.resetState()
    else if (needs === 'state') throw new XzProblem('a chunk does not reset the state after a stored one')
    needs = 'nothing'
    await takeInto(reader, input, packed)
    const start = decoder.position
    decoder.decode(input, packed, unpacked)
    yield fromRing(decoder.ring, start, unpacked)
  }
}

async function* storedChunk(reader: ByteReader, decoder: LzmaDecoder): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(await take(reader, await readSize(reader)))
  decoder.store(bytes)
  yield bytes
}

/** A size of two bytes, less one. */
async function readSize(reader: ByteReader): Promise<number> {
  return (await take(reader, 2)).readUInt16BE(0) + 1
}

/** @throws XzProblem where the stream ends before */
export async function take(reader: ByteReader, length: number): Promise<Buffer> {
  const bytes = await reader.exactly(length)
  if (bytes.length < length) throw new XzProblem('the stream is cut')
  return bytes
}

/** Bytes of the reader at the beginning of `input`, zeros behind them. */
async function takeInto(reader: ByteReader, input: Uint8Array, length: number): Promise<void> {
  for (let at = 0; at < length;) {
    const piece = await reader.some(length - at)
    if (piece === undefined) throw new XzProblem('the stream is cut')
    input.set(piece, at)
    at += piece.length
  }
  input.fill(0, length, length + lzmaInputSlack)
}

function fromRing(ring: Uint8Array, start: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size)
  const first = Math.min(size, ring.length - start)
  bytes.set(ring.subarray(start, start + first), 0)
  bytes.set(ring.subarray(0, size - first), first)
  return bytes
}
