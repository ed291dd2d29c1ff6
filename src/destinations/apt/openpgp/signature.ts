import { createHash, publicDecrypt, constants, verify, type Hash } from 'node:crypto'
import { Cursor, multiPrecision, OpenPgpProblem, uint16, uint32 } from './bytes.ts'
import { packet, packetTag, readSubpackets, subpacket } from './packets.ts'
import { algorithmNumber, type PublicKey } from './public-key.ts'

export const signatureType = {
  binary: 0x00,
  text: 0x01,
  /** 0x10 to 0x13: how sure its maker was. */
  certification: 0x13,
  subkeyBinding: 0x18,
  primaryBinding: 0x19,
  directKey: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  certificationRevocation: 0x30
} as const

/** A key that signs: its public part, and what makes a signature of a SHA-512 digest. */
export interface SigningKey {
  publicKey: PublicKey
  /** 64 bytes, R and S, for Ed25519; as long as the modulus for RSA (PKCS #1 v1.5 with SHA-512). */
  sign: (digest: Buffer) => Promise<Buffer>
}

const sha512 = 10
/** What apt still takes; SHA-1 and what is older it does not. */
const hashes: Readonly<Record<number, { name: string; prefix: Buffer }>> = {
  8: { name: 'sha256', prefix: Buffer.from('3031300d060960864801650304020105000420', 'hex') },
  9: { name: 'sha384', prefix: Buffer.from('3041300d060960864801650304020205000430', 'hex') },
  10: { name: 'sha512', prefix: Buffer.from('3051300d060960864801650304020305000440', 'hex') }
}

/** What PKCS #1 v1.5 signs of a SHA-512 digest: the digest with the name of its algorithm (RFC 8017, 9.2). */
export function digestInfo(digest: Buffer): Buffer {
  return Buffer.concat([hashes[sha512]?.prefix ?? Buffer.alloc(0), digest])
}

/** A signature packet of version 4, as far as we look at it. */
export interface Signature {
  type: number
  algorithm: number
  /** `sha512`; null for one that we do not take. */
  hash: string | null
  /** Seconds since 1970. */
  created: number
  /** Seconds after `created`; null: never. */
  expires: number | null
  issuer: Buffer | null
  issuerId: Buffer | null
  /** Of the key that is certified, seconds after its own creation; null: never. */
  keyExpires: number | null
  /** Null where it does not say what the key is for. */
  keyFlags: number | null
  embedded: Buffer[]
  /** Something in it must be understood to use it, and we do not. */
  unknownCritical: boolean
  hashAlgorithm: number
  hashedPart: Buffer
  value: Buffer[]
}

const known: ReadonlySet<number> = new Set([
  2, 3, 4, 5, 7, 9, 11, 16, 21, 22, 23, 25, 26, 27, 28, 29, 30, 32, 33
])

/** @returns null for a version that is not ours @throws OpenPgpProblem */
export function readSignature(body: Buffer): Signature | null {
  const cursor = new Cursor(body)
  if (cursor.number(1) !== 4) return null
  const [type, algorithm, hashAlgorithm] = [cursor.number(1), cursor.number(1), cursor.number(1)]
  const hashed = readSubpackets(cursor.take(cursor.number(2)))
  const hashedPart = body.subarray(0, cursor.at)
  const unhashed = readSubpackets(cursor.take(cursor.number(2)))
  cursor.take(2)
  const value: Buffer[] = []
  while (cursor.left > 0) value.push(cursor.multiPrecision())
  const field = (wanted: number): Buffer | undefined => hashed.find((one) => one.type === wanted)?.body
  const seconds = (bytes: Buffer | undefined): number | null =>
    bytes?.length !== 4 || bytes.readUInt32BE() === 0 ? null : bytes.readUInt32BE()
  const all = [...hashed, ...unhashed]
  const created = field(2)
  if (created?.length !== 4) throw new OpenPgpProblem('a signature does not say when it was made')
  const issuer =
    all.find(({ type: one, body: bytes }) => one === 33 && bytes[0] === 4)?.body.subarray(1) ?? null
  return {
    type,
    algorithm,
    hash: hashes[hashAlgorithm]?.name ?? null,
    created: created.readUInt32BE(),
    expires: seconds(field(3)),
    issuer,
    issuerId: issuer?.subarray(12) ?? all.find((one) => one.type === 16)?.body ?? null,
    keyExpires: seconds(field(9)),
    keyFlags: field(27)?.[0] ?? null,
    embedded: all.filter((one) => one.type === 32).map((one) => one.body),
    unknownCritical: hashed.some((one) => one.critical && !known.has(one.type)),
    hashAlgorithm,
    hashedPart,
    value
  }
}

/**
 * Whether a key made this signature.
 *
 * @param signed what its type hashes before its own fields
 */
export function signatureHolds(signature: Signature, key: PublicKey, signed: readonly Uint8Array[]): boolean {
  if (signature.hash === null || signature.unknownCritical || key.key === null) return false
  if (signature.issuerId !== null && !signature.issuerId.equals(key.fingerprint.subarray(12))) return false
  const digest = digestOf(createHash(signature.hash), signed, signature.hashedPart)
  const [first = Buffer.alloc(0), second] = signature.value
  if (key.algorithm === algorithmNumber.eddsa) {
    if (signature.algorithm !== algorithmNumber.eddsa || second === undefined) return false
    if (first.length > 32 || second.length > 32) return false
    return verify(null, digest, key.key, Buffer.concat([padded(first, 32), padded(second, 32)]))
  }
  if (signature.algorithm !== algorithmNumber.rsa && signature.algorithm !== 3) return false
  const expected = Buffer.concat([hashes[signature.hashAlgorithm]?.prefix ?? Buffer.alloc(0), digest])
  return rsaHolds(key, first, expected)
}

function rsaHolds({ key }: PublicKey, value: Buffer, expected: Buffer): boolean {
  if (key === null) return false
  const size = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
  if (value.length > size) return false
  try {
    const opened = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, padded(value, size))
    return opened.equals(expected)
  } catch {
    return false
  }
}

function padded(bytes: Buffer, size: number): Buffer {
  return Buffer.concat([Buffer.alloc(size - bytes.length), bytes])
}

/** RFC 4880, 5.2.4. */
function digestOf(hash: Hash, signed: readonly Uint8Array[], hashedPart: Buffer): Buffer {
  for (const piece of signed) hash.update(piece)
  const end = Buffer.concat([Buffer.from([4, 0xff]), uint32(hashedPart.length)])
  return hash.update(hashedPart).update(end).digest()
}

/**
 * A signature packet of version 4 with SHA-512. Ed25519 and RSA have no chance in them: the same again is the same.
 *
 * @param signed what the type of signature hashes before its own fields
 * @param created seconds since 1970
 * @throws OpenPgpProblem for what does not verify with the public key: a fault of the signer, never to be given out
 */
export async function makeSignature(
  { publicKey, sign }: SigningKey,
  type: number,
  signed: readonly Uint8Array[],
  created: number,
  subpackets: readonly Buffer[] = []
): Promise<Buffer> {
  const { algorithm, fingerprint } = publicKey
  const fields = Buffer.concat([
    subpacket(2, uint32(created)),
    subpacket(33, Buffer.concat([Buffer.from([4]), fingerprint])),
    ...subpackets
  ])
  const hashedPart = Buffer.concat([Buffer.from([4, type, algorithm, sha512]), uint16(fields.length), fields])
  const digest = digestOf(createHash('sha512'), signed, hashedPart)
  const raw = await sign(digest)
  const numbers = algorithm === algorithmNumber.eddsa ? [raw.subarray(0, 32), raw.subarray(32)] : [raw]
  const issuer = subpacket(16, fingerprint.subarray(12))
  const body = Buffer.concat([
    hashedPart,
    uint16(issuer.length),
    issuer,
    digest.subarray(0, 2),
    ...numbers.map(multiPrecision)
  ])
  const made = readSignature(body)
  if (made === null || !signatureHolds(made, publicKey, signed))
    throw new OpenPgpProblem('the new signature does not verify with the public key')
  return packet(packetTag.signature, body)
}
