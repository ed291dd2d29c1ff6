import type { FormMaker } from './scramble-forms.ts'

/** JPEG of one grey pixel, up to the first marker after SOI, and from there on (ITU T.81). */
const jpegParts = {
  start: Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'),
  rest: Buffer.from(
    `ffdb004300${'ff'.repeat(64)}ffc0000b080001000101011100ffc40014000100000000000000000000000000000003ffc40014100100000000000000000000000000000000ffda0008010100003f0037ffd9`,
    'hex'
  )
}
const jpegBegins = Buffer.from('ffd8ff', 'hex')
const largestComment = 0xffff

/** A picture of one pixel with comments that fill it up: it shows nothing of the original but its size. */
export const jpeg: FormMaker = (bytes, { noise }) => {
  if (!bytes.subarray(0, 3).equals(jpegBegins)) return undefined
  const room = bytes.length - jpegParts.start.length - jpegParts.rest.length
  const next = noise('comment')
  const comments: Buffer[] = []
  // A comment takes four bytes, and at most 65,533 of text; the last two share what is left.
  for (let left = room; left > 0;) {
    const most = Math.min(left, largestComment + 2)
    const size = left - most > 0 && left - most < 4 ? most - 4 : most
    if (size < 4) return undefined
    const head = Buffer.from([0xff, 0xfe, 0, 0])
    head.writeUInt16BE(size - 2, 2)
    comments.push(head, lettersOf(next(size - 4)))
    left -= size
  }
  return room < 0 ? undefined : Buffer.concat([jpegParts.start, ...comments, jpegParts.rest])
}

/** GIF of one pixel: screen and its two colours, the picture, the end (GIF89a). */
const gifParts = {
  start: Buffer.from('47494638396101000100800000000000000000', 'hex'),
  rest: Buffer.from('2c00000000010001000002024401003b', 'hex')
}

/** As for JPEG: one pixel, and a comment extension of sub-blocks. */
export const gif: FormMaker = (bytes, { noise }) => {
  if (!/^GIF8[79]a/.test(bytes.subarray(0, 6).toString('latin1'))) return undefined
  const room = bytes.length - gifParts.start.length - gifParts.rest.length
  if (room === 0) return Buffer.concat([gifParts.start, gifParts.rest])
  // Introducer, label, blocks of a length byte and up to 255 bytes, terminator.
  let left = room - 3
  if (left < 0) return undefined
  const blocks: Buffer[] = []
  const next = noise('comment')
  while (left > 0) {
    const most = Math.min(left, 256)
    const size = left - most === 1 ? most - 1 : most
    if (size < 2) return undefined
    blocks.push(Buffer.from([size - 1]), lettersOf(next(size - 1)))
    left -= size
  }
  const comment = Buffer.concat([Buffer.from([0x21, 0xfe]), ...blocks, Buffer.from([0])])
  return Buffer.concat([gifParts.start, comment, gifParts.rest])
}

/** Noise as small letters. */
export function lettersOf(noise: Buffer): Buffer {
  for (let at = 0; at < noise.length; at += 1) noise[at] = 0x61 + ((noise[at] ?? 0) % 26)
  return noise
}
