import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { tarMember, tarOf } from '../../../unit/formats/forge.ts'
import type { HostileCase } from './hostile-case.ts'

const tar = tarOf(tarMember('a', 'one'))
const other = tarOf(tarMember('b', 'evil'))
const honest = gzipSync(tar)

interface Parts {
  flags?: number
  /** Bytes between the ten of the header and the data. */
  more?: Buffer
  data?: Buffer
  checksum?: number
  size?: number
}

function forgeGzip({
  flags = 0,
  more = Buffer.alloc(0),
  data = deflateRawSync(tar),
  checksum = crc32(tar),
  size = tar.length
}: Parts = {}): Buffer {
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(checksum, 0)
  trailer.writeUInt32LE(size, 4)
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]), more, data, trailer])
}

/** A stored block (RFC 1951, 3.2.4). */
function stored(content: Buffer, last: boolean): Buffer {
  const head = Buffer.from([last ? 1 : 0, 0, 0, 0, 0])
  head.writeUInt16LE(content.length, 1)
  head.writeUInt16LE(0xffff - content.length, 3)
  return Buffer.concat([head, content])
}

const trailerAt = `gzip at offset ${honest.length}`
const data = 'gzip at offset 10'

export const gzipCases: readonly HostileCase[] = [
  ['two archives in two members', Buffer.concat([honest, gzipSync(other)]), trailerAt, /second gzip member/],
  ['one archive in two members', Buffer.concat([gzipSync(tar.subarray(0, 512)), gzipSync(tar.subarray(512))]), 'gzip at offset', /second gzip member/],
  ['an empty second member', Buffer.concat([honest, gzipSync('')]), trailerAt, /second gzip member/],
  ['zeros behind it', Buffer.concat([honest, Buffer.alloc(100)]), trailerAt, /data follows/],
  ['text behind it', Buffer.concat([honest, Buffer.from('evil')]), trailerAt, /data follows/],
  ['an extra field', forgeGzip({ flags: 4, more: Buffer.from([4, 0, 1, 2, 3, 4]) }), 'gzip at offset 3', /extra field/],
  ['a comment', forgeGzip({ flags: 16, more: Buffer.from('evil\0') }), 'gzip at offset 3', /comment/],
  ['a reserved flag', forgeGzip({ flags: 0x20 }), 'gzip at offset 3', /reserved/],
  ['a wrong header checksum', forgeGzip({ flags: 2, more: Buffer.from([1, 2]) }), data, /header checksum/],
  ['a name without end', forgeGzip({ flags: 8, more: Buffer.alloc(2000, 'n') }), data, /longer than 1024/],
  ['a wrong checksum', forgeGzip({ checksum: 1 }), 'gzip at offset', /checksum is wrong/],
  ['a wrong size', forgeGzip({ size: 1 }), 'gzip at offset', /size is wrong/],
  ['a cut trailer', honest.subarray(0, -3), 'gzip at offset', /trailer is cut/],
  ['cut data', honest.subarray(0, -20), data, /damaged/],
  ['another method', Buffer.concat([Buffer.from([0x1f, 0x8b, 7]), honest.subarray(3)]), 'gzip at offset 2', /not DEFLATE/],
  ['no gzip at all', tar, 'gzip at offset 0', /not gzip/],
  ['a stored block with two lengths', forgeGzip({ data: Buffer.concat([stored(tar.subarray(0, 100), false), Buffer.from([1, 4, 0, 4, 0]), Buffer.from('evil')]) }), data, /damaged/],
  ['a block of the reserved type', forgeGzip({ data: Buffer.from([7, 0, 0]) }), data, /damaged/],
  ['data behind the last block', forgeGzip({ data: Buffer.concat([deflateRawSync(tar), Buffer.from('evil')]) }), 'gzip at offset', /checksum is wrong/],
  ['two last blocks', forgeGzip({ data: Buffer.concat([stored(tar, true), stored(other, true)]) }), 'gzip at offset', /checksum is wrong/]
] // prettier-ignore

export const oddGzips: readonly [string, Buffer][] = [
  ['a name', forgeGzip({ flags: 8, more: Buffer.from('a.tar\0') })],
  ['the text flag', forgeGzip({ flags: 1 })],
  ['many blocks', forgeGzip({ data: Buffer.concat([stored(tar.subarray(0, 7), false), stored(Buffer.alloc(0), false), stored(tar.subarray(7), true)]) })],
  ['bits behind the last block', forgeGzip({ data: withLastBits(deflateRawSync(tar)) })]
] // prettier-ignore

/** The bits between the end of the last block and the next whole byte belong to nothing; no reader looks at them. */
function withLastBits(deflated: Buffer): Buffer {
  const bytes = Buffer.from(deflated)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80
  return bytes
}
