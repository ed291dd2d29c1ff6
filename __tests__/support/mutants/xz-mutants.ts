import { crc32 } from 'node:zlib'
import type { Random } from './random.ts'

/** Bytes of a file that can be changed and the checksums that stand over them, so that a mutant gets further. */
function repaired(bytes: Buffer): Buffer {
  if (bytes.length < 36) return bytes
  bytes.writeUInt32LE(crc32(bytes.subarray(6, 8)), 8)
  const headerEnd = 12 + ((bytes[12] ?? 0) + 1) * 4
  if (bytes[12] !== 0 && headerEnd < bytes.length)
    bytes.writeUInt32LE(crc32(bytes.subarray(12, headerEnd - 4)), headerEnd - 4)
  const footer = bytes.length - 12
  const index = footer - (bytes.readUInt32LE(footer + 4) + 1) * 4
  if (index > 12) bytes.writeUInt32LE(crc32(bytes.subarray(index, footer - 4)), footer - 4)
  bytes.writeUInt32LE(crc32(bytes.subarray(footer + 4, footer + 10)), footer)
  return bytes
}

const changes: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => {
    const at = random.below(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
    return bytes
  },
  // Where the stream header, the block header and the first chunk's header are.
  (bytes, random) => {
    bytes[random.below(40)] = random.below(256)
    return bytes
  },
  (bytes, random) => {
    bytes[bytes.length - 1 - random.below(40)] = random.below(256)
    return bytes
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => Buffer.concat([bytes, Buffer.alloc(1 + random.below(8), random.pick([0, 0x41]))]),
  (bytes) => Buffer.concat([bytes, bytes]),
  (bytes, random) => {
    const at = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
  }
]

/** One mutant of an honest stream: one or two changes, mostly with the checksums of the headers put right again. */
export function xzMutant(seed: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(seed)
  for (let count = random.chance(0.8) ? 1 : 2; count > 0 && bytes.length > 40; count -= 1)
    // Most of them in the compressed data, which no checksum guards in the seeds.
    bytes = random.pick(random.chance(0.6) ? changes.slice(0, 1) : changes)(bytes, random)
  return random.chance(0.8) ? repaired(Buffer.from(bytes)) : bytes
}
