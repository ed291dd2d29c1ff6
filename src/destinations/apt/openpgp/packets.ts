import { Cursor, lengthBytes, OpenPgpProblem } from './bytes.ts'

export const packetTag = {
  signature: 2,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  trust: 12,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17
} as const

export interface Packet {
  tag: number
  body: Buffer
}

/** Keys of people with many signatures are large; none is that large. */
const mostPackets = 20_000

/** A packet in the new format (RFC 4880, 4.2.2). */
export function packet(tag: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0xc0 | tag]), lengthBytes(body.length), body])
}

/** All packets, in both formats, each of a known length. @throws OpenPgpProblem */
export function readPackets(bytes: Uint8Array): Packet[] {
  const cursor = new Cursor(bytes)
  const packets: Packet[] = []
  while (cursor.left > 0) {
    if (packets.length >= mostPackets) throw new OpenPgpProblem(`it has more than ${mostPackets} packets`)
    const head = cursor.number(1)
    if ((head & 0x80) === 0) throw new OpenPgpProblem('a packet does not begin like one')
    const isNew = (head & 0x40) !== 0
    const tag = isNew ? head & 0x3f : (head >> 2) & 0x0f
    const size = isNew ? newLength(cursor) : oldLength(cursor, head & 3)
    packets.push({ tag, body: cursor.take(size) })
  }
  return packets
}

function newLength(cursor: Cursor): number {
  const first = cursor.number(1)
  if (first < 192) return first
  if (first < 224) return ((first - 192) << 8) + cursor.number(1) + 192
  if (first === 255) return cursor.number(4)
  throw new OpenPgpProblem('a packet comes in parts, which keys and signatures do not')
}

function oldLength(cursor: Cursor, type: number): number {
  if (type === 3) throw new OpenPgpProblem('a packet does not say where it ends')
  return cursor.number(type === 0 ? 1 : type === 1 ? 2 : 4)
}

export interface Subpacket {
  type: number
  critical: boolean
  body: Buffer
}

export function subpacket(type: number, body: Uint8Array): Buffer {
  return Buffer.concat([lengthBytes(body.length + 1), Buffer.from([type]), body])
}

/** The fields of a signature (RFC 4880, 5.2.3.1). @throws OpenPgpProblem */
export function readSubpackets(bytes: Uint8Array): Subpacket[] {
  const cursor = new Cursor(bytes)
  const found: Subpacket[] = []
  while (cursor.left > 0) {
    const first = cursor.number(1)
    const size =
      first < 192 ? first : first < 255 ? ((first - 192) << 8) + cursor.number(1) + 192 : cursor.number(4)
    if (size === 0) throw new OpenPgpProblem('a field of a signature is empty')
    const type = cursor.number(1)
    found.push({ type: type & 0x7f, critical: (type & 0x80) !== 0, body: cursor.take(size - 1) })
  }
  return found
}
