/** Big-endian numbers and the lengths of OpenPGP (RFC 4880, 3 and 4.2). */
export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A number in its shortest form, its bits before it (RFC 4880, 3.2). */
export function multiPrecision(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  if (first < 0) return uint16(0)
  const short = bytes.subarray(first)
  return Buffer.concat([uint16(short.length * 8 - Math.clz32(short[0] ?? 0) + 24), short])
}

/** Of packets of the new format, and of subpackets: one, two or five bytes. */
export function lengthBytes(size: number): Buffer {
  if (size < 192) return Buffer.from([size])
  if (size < 8384) return Buffer.from([((size - 192) >> 8) + 192, (size - 192) & 0xff])
  return Buffer.concat([Buffer.from([0xff]), uint32(size)])
}

/** What is wrong with bytes that should be OpenPGP. Whoever read them says which they were. */
export class OpenPgpProblem extends Error {}

/** Reads from front to end, never past it. */
export class Cursor {
  at = 0
  readonly bytes: Buffer

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  take(size: number): Buffer {
    if (size > this.left) throw new OpenPgpProblem('it ends in the middle of a field')
    this.at += size
    return this.bytes.subarray(this.at - size, this.at)
  }

  number(size: 1 | 2 | 4): number {
    return this.take(size).readUIntBE(0, size)
  }

  /** The bytes of a number, without leading zeros that its writer left out. */
  multiPrecision(): Buffer {
    return this.take(Math.ceil(this.number(2) / 8))
  }
}
