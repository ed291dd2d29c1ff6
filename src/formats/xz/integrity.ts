import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Takes the bytes of a block, and gives the check that must follow it. */
export interface Integrity {
  update(bytes: Uint8Array): void
  digest(): Buffer
}

/** The checks of the xz format by their identifier. */
export const integrityChecks: Record<number, { name: string; size: number; start: () => Integrity }> = {
  0: { name: 'none', size: 0, start: noCheck },
  1: { name: 'CRC32', size: 4, start: crc32Check },
  4: { name: 'CRC64', size: 8, start: () => new Crc64() },
  10: { name: 'SHA-256', size: 32, start: () => createHash('sha256') }
}

function noCheck(): Integrity {
  return { update: () => undefined, digest: () => Buffer.alloc(0) }
}

function crc32Check(): Integrity {
  let value = 0
  return {
    update(bytes) {
      value = crc32(bytes, value)
    },
    digest() {
      const result = Buffer.alloc(4)
      result.writeUInt32LE(value, 0)
      return result
    }
  }
}

/** CRC-64/XZ (ECMA-182, reflected), four bytes at a step; each table entry is two halves of 32 bits. */
class Crc64 implements Integrity {
  private low = -1
  private high = -1

  update(bytes: Uint8Array): void {
    const tables = crc64Tables()
    let { low, high } = this
    let at = 0
    for (; at + 4 <= bytes.length; at += 4) {
      const word =
        low ^
        ((bytes[at] ?? 0) |
          ((bytes[at + 1] ?? 0) << 8) |
          ((bytes[at + 2] ?? 0) << 16) |
          ((bytes[at + 3] ?? 0) << 24))
      const one = 1536 + ((word & 255) << 1)
      const two = 1024 + (((word >>> 8) & 255) << 1)
      const three = 512 + (((word >>> 16) & 255) << 1)
      const four = (word >>> 24) << 1
      low = high ^ (tables[one] ?? 0) ^ (tables[two] ?? 0) ^ (tables[three] ?? 0) ^ (tables[four] ?? 0)
      high =
        (tables[one + 1] ?? 0) ^ (tables[two + 1] ?? 0) ^ (tables[three + 1] ?? 0) ^ (tables[four + 1] ?? 0)
    }
    for (; at < bytes.length; at += 1) {
      const entry = ((low ^ (bytes[at] ?? 0)) & 255) << 1
      low = ((low >>> 8) | (high << 24)) ^ (tables[entry] ?? 0)
      high = (high >>> 8) ^ (tables[entry + 1] ?? 0)
    }
    this.low = low
    this.high = high
  }

  digest(): Buffer {
    const result = Buffer.alloc(8)
    result.writeInt32LE(~this.low, 0)
    result.writeInt32LE(~this.high, 4)
    return result
  }
}

let made: Int32Array | undefined

/** Four tables of 256 entries: that of a byte followed by no, one, two and three zero bytes. */
function crc64Tables(): Int32Array {
  if (made !== undefined) return made
  const tables = new Int32Array(4 * 512)
  const polynomial = 0xc96c5795d7870f42n
  const ones = 0xffffffffn
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit += 1)
      value = (value & 1n) === 1n ? (value >> 1n) ^ polynomial : value >> 1n
    tables[byte * 2] = Number(value & ones) | 0
    tables[byte * 2 + 1] = Number(value >> 32n) | 0
  }
  for (let entry = 512; entry < tables.length; entry += 2) {
    const [low, high] = [tables[entry - 512] ?? 0, tables[entry - 511] ?? 0]
    const next = (low & 255) << 1
    tables[entry] = ((low >>> 8) | (high << 24)) ^ (tables[next] ?? 0)
    tables[entry + 1] = (high >>> 8) ^ (tables[next + 1] ?? 0)
  }
  made = tables
  return tables
}
