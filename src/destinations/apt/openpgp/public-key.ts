import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { Cursor, multiPrecision, OpenPgpProblem, uint16, uint32 } from './bytes.ts'

export const algorithmNumber = { rsa: 1, eddsa: 22 } as const

/** A public key or subkey of version 4. */
export interface PublicKey {
  /** The body of its packet. */
  body: Buffer
  /** Seconds since 1970. */
  created: number
  algorithm: number
  /** 20 bytes: SHA-1 over the body, as version 4 has it. It names the key, and secures nothing here. */
  fingerprint: Buffer
  /** Null where we cannot check signatures of its algorithm. */
  key: KeyObject | null
  /** For people: `Ed25519`, `RSA of 3072 bits`. */
  form: string
}

/** 1.3.6.1.4.1.11591.15.1: Ed25519 in its legacy form (RFC 9580, 9.2), the one that apt 2.6 knows. */
const ed25519 = Buffer.from('2b06010401da470f01', 'hex')
const others: Readonly<Record<number, string>> = {
  16: 'Elgamal',
  17: 'DSA',
  18: 'ECDH',
  19: 'ECDSA',
  25: 'X25519 (RFC 9580)',
  27: 'Ed25519 (RFC 9580)'
}

export function ed25519Body(raw: Uint8Array, created: number): Buffer {
  return Buffer.concat([
    Buffer.from([4]),
    uint32(created),
    Buffer.from([algorithmNumber.eddsa, ed25519.length]),
    ed25519,
    multiPrecision(Buffer.concat([Buffer.from([0x40]), raw]))
  ])
}

/** Reads the public part of a key, and leaves the cursor after it. @throws OpenPgpProblem */
export function readPublicKey(cursor: Cursor): PublicKey {
  const start = cursor.at
  const version = cursor.number(1)
  if (version !== 4) throw new OpenPgpProblem(`a key is of version ${version}; apt 2.6 reads version 4 alone`)
  const created = cursor.number(4)
  const algorithm = cursor.number(1)
  const { key, form } = readMaterial(algorithm, cursor)
  const body = cursor.bytes.subarray(start, cursor.at)
  return { body, created, algorithm, fingerprint: fingerprintOf(body), key, form }
}

function readMaterial(algorithm: number, cursor: Cursor): { key: KeyObject | null; form: string } {
  if (algorithm >= 1 && algorithm <= 3) return rsa(cursor.multiPrecision(), cursor.multiPrecision())
  const form = others[algorithm] ?? `algorithm ${algorithm}`
  switch (algorithm) {
    case algorithmNumber.eddsa: {
      const curve = cursor.take(cursor.number(1))
      const point = cursor.multiPrecision()
      if (curve.equals(ed25519) && point.length === 33 && point[0] === 0x40)
        return { key: ed25519Key(point.subarray(1)), form: 'Ed25519' }
      return { key: null, form: 'EdDSA on another curve' }
    }
    case 16:
    case 17:
      for (let field = 0; field < (algorithm === 17 ? 4 : 3); field += 1) cursor.multiPrecision()
      return { key: null, form }
    case 18:
    case 19:
      cursor.take(cursor.number(1))
      cursor.multiPrecision()
      if (algorithm === 18) cursor.take(cursor.number(1))
      return { key: null, form }
    case 25:
    case 27:
      cursor.take(32)
      return { key: null, form }
    default:
      throw new OpenPgpProblem(`a key has the unknown algorithm ${algorithm}`)
  }
}

function rsa(modulus: Buffer, exponent: Buffer): { key: KeyObject; form: string } {
  const key = { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') }
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  return { key: createPublicKey({ key, format: 'jwk' }), form: `RSA of ${bits} bits` }
}

export function ed25519Key(raw: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') }
  return createPublicKey({ key, format: 'jwk' })
}

/** What fingerprints and certifications hash of a key (RFC 4880, 12.2). */
export function hashedKey(body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x99]), uint16(body.length), body])
}

function fingerprintOf(body: Uint8Array): Buffer {
  return createHash('sha1').update(hashedKey(body)).digest()
}

/** 40 upper-case hex digits. */
export function fingerprintText({ fingerprint }: Pick<PublicKey, 'fingerprint'>): string {
  return fingerprint.toString('hex').toUpperCase()
}

/** The size of an RSA modulus; null for other keys. */
export function rsaBits({ form }: PublicKey): number | null {
  const bits = /^RSA of (\d+) bits$/.exec(form)?.[1]
  return bits === undefined ? null : Number(bits)
}
