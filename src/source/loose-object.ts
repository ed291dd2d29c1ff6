import type { ObjectType } from './objects.ts'

const largestStoredBlock = 0xffff

/**
 * The file of a loose object. It is a zlib stream of stored blocks (RFC 1950, RFC 1951 3.2.4): what a compressor
 * makes of the same bytes depends on its version, and exports must be the same on every machine.
 */
export function looseObject(type: ObjectType, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(`${type} ${data.length}\0`, 'latin1'), data])
  const parts: Buffer[] = [Buffer.from([0x78, 0x01])]
  for (let at = 0; at < content.length; at += largestStoredBlock) {
    const block = content.subarray(at, at + largestStoredBlock)
    const header = Buffer.alloc(5)
    header.writeUInt8(at + block.length === content.length ? 1 : 0, 0)
    header.writeUInt16LE(block.length, 1)
    header.writeUInt16LE(block.length ^ 0xffff, 3)
    parts.push(header, block)
  }
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(adler32(content))
  return Buffer.concat([...parts, checksum])
}

/** RFC 1950, section 8.2. */
function adler32(bytes: Buffer): number {
  let a = 1
  let b = 0
  for (const byte of bytes) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return b * 65_536 + a
}
