import { crc32, gunzipSync } from 'node:zlib'
import { deflateSync } from 'fflate'
import { sparse } from './deflate-fit.ts'
import { lettersOf } from './form-pictures.ts'
import { fillingOf, type FormMaker } from './scramble-forms.ts'

const frame = 18
const largestContent = 64 * 2 ** 20
/** Where a comment begins in the header, in flags (RFC 1952). */
const hasComment = 16

/**
 * A gzip file with another content of the same length, of a valid form where the content has one. The header is our
 * own; what is left of the size is a comment in it.
 */
export const gzip: FormMaker = (bytes, { noise, inner }) => {
  if (bytes.length < frame + 2 || bytes.readUInt16BE(0) !== 0x1f8b) return undefined
  const content = gunzipped(bytes)
  if (content === undefined || content.length === 0) return undefined
  const filling = fillingOf(content, noise('content'))
  const candidates = [
    inner(content, 'content'),
    ...[24, 8, 2, 0].map((amount) => sparse(content.length, filling, amount))
  ]
  for (const made of candidates) {
    if (made === undefined || made.equals(content)) continue
    const stream = Buffer.from(deflateSync(made))
    const left = bytes.length - frame - stream.length
    if (left >= 0) return gzipped(made, stream, left, noise('comment'))
  }
  return undefined
}

function gunzipped(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: largestContent })
  } catch {
    return undefined
  }
}

function gzipped(content: Buffer, stream: Buffer, left: number, next: (size: number) => Buffer): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, left > 0 ? hasComment : 0, 0, 0, 0, 0, 0, 3])
  const comment = left > 0 ? [lettersOf(next(left - 1)), Buffer.alloc(1)] : []
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(content), 0)
  trailer.writeUInt32LE(content.length % 2 ** 32, 4)
  return Buffer.concat([header, ...comment, stream, trailer])
}
