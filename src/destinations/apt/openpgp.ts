import { createHash } from 'node:crypto'

/** Bytes of an OpenPGP key that the packets need (RFC 4880; EdDSA: RFC 9580 5.5.5.9 and 5.2.3.3.3, legacy form). */
export interface OpenPgpKey {
  /** Raw Ed25519 public key, 32 bytes. */
  publicKey: Buffer
  /** Seconds since 1970: part of the fingerprint. */
  created: number
  /** Ed25519 over these bytes: R and S, 64 bytes. */
  sign: (bytes: Buffer) => Promise<Buffer>
}

const algorithm = { eddsa: 22, sha512: 10 } as const
const packetTag = { signature: 2, publicKey: 6, userId: 13 } as const
export const signatureType = { binary: 0x00, text: 0x01, certification: 0x13 } as const
/** 1.3.6.1.4.1.11591.15.1: Ed25519. */
const curve = Buffer.from('092b06010401da470f01', 'hex')

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

/** A number in its shortest form, its bits before it. */
function number(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  if (first < 0) return uint16(0)
  const short = bytes.subarray(first)
  return Buffer.concat([uint16(short.length * 8 - Math.clz32(short[0] ?? 0) + 24), short])
}

/** New format, lengths of one, two or five bytes (RFC 4880, 4.2.2). */
function packet(tag: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xc0 | tag]), length(body.length), body])
}

function length(size: number): Buffer {
  if (size < 192) return Buffer.from([size])
  if (size < 8384) return Buffer.from([((size - 192) >> 8) + 192, (size - 192) & 0xff])
  return Buffer.concat([Buffer.from([0xff]), uint32(size)])
}

function subpacket(type: number, body: Buffer): Buffer {
  return Buffer.concat([length(body.length + 1), Buffer.from([type]), body])
}

function publicKeyBody({ publicKey, created }: OpenPgpKey): Buffer {
  return Buffer.concat([
    Buffer.from([4]),
    uint32(created),
    Buffer.from([algorithm.eddsa]),
    curve,
    number(Buffer.concat([Buffer.from([0x40]), publicKey]))
  ])
}

/** What fingerprints and certifications hash of a key. */
function hashedKey(key: OpenPgpKey): Buffer {
  const body = publicKeyBody(key)
  return Buffer.concat([Buffer.from([0x99]), uint16(body.length), body])
}

/** 20 bytes: SHA-1 over the public key packet, as version 4 has it. It names the key, and secures nothing here. */
export function fingerprint(key: OpenPgpKey): Buffer {
  return createHash('sha1').update(hashedKey(key)).digest()
}

/**
 * A signature packet of version 4 with SHA-512.
 *
 * @param signed what the type of signature hashes before its own fields
 * @param created seconds since 1970
 */
export async function signature(
  key: OpenPgpKey,
  type: number,
  signed: readonly Buffer[],
  created: number,
  subpackets: readonly Buffer[] = []
): Promise<Buffer> {
  const name = fingerprint(key)
  const hashed = Buffer.concat([
    subpacket(2, uint32(created)),
    subpacket(33, Buffer.concat([Buffer.from([4]), name])),
    ...subpackets
  ])
  const head = Buffer.concat([
    Buffer.from([4, type, algorithm.eddsa, algorithm.sha512]),
    uint16(hashed.length),
    hashed
  ])
  const hash = createHash('sha512')
  for (const piece of signed) hash.update(piece)
  const digest = hash
    .update(head)
    .update(Buffer.from([4, 0xff]))
    .update(uint32(head.length))
    .digest()
  const raw = await key.sign(digest)
  const issuer = subpacket(16, name.subarray(12))
  return packet(
    packetTag.signature,
    Buffer.concat([
      head,
      uint16(issuer.length),
      issuer,
      digest.subarray(0, 2),
      number(raw.subarray(0, 32)),
      number(raw.subarray(32))
    ])
  )
}

/** The public key with one name that it certifies itself: what `signed-by` takes. */
export async function publicKeyPackets(key: OpenPgpKey, userId: string): Promise<Buffer> {
  const name = Buffer.from(userId)
  const signed = [hashedKey(key), Buffer.from([0xb4]), uint32(name.length), name]
  // May certify and sign; prefers SHA-512.
  const flags = [subpacket(27, Buffer.from([3])), subpacket(21, Buffer.from([algorithm.sha512]))]
  return Buffer.concat([
    packet(packetTag.publicKey, publicKeyBody(key)),
    packet(packetTag.userId, name),
    await signature(key, signatureType.certification, signed, key.created, flags)
  ])
}
