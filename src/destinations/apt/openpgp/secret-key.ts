import {
  constants,
  createPrivateKey,
  privateEncrypt,
  sign,
  type JsonWebKey,
  type KeyObject
} from 'node:crypto'
import { Cursor, OpenPgpProblem } from './bytes.ts'
import { algorithmNumber, type PublicKey } from './public-key.ts'
import { digestInfo, type SigningKey } from './signature.ts'
import type { KeyComponent } from './transferable.ts'

/** Why there is no secret to sign with. */
export type SecretMissing = 'public' | 'stub' | 'card' | 'passphrase' | 'unusable'

/**
 * The secret part of a key (RFC 4880, 5.5.3), when it lies open: a secret of a workflow is kept by whoever runs it, and a
 * passphrase beside it would guard nothing.
 */
export function signingKeyOf({ key, secret }: KeyComponent): SigningKey | SecretMissing {
  if (secret === null) return 'public'
  if (secret[0] !== 0) return protectedHow(secret)
  try {
    const privateKey = readPrivateKey(key, new Cursor(secret.subarray(1)))
    return { publicKey: key, sign: (digest) => Promise.resolve(signDigest(key, privateKey, digest)) }
  } catch {
    // What was wrong with the numbers of a secret is nobody's business.
    return 'unusable'
  }
}

/** GnuPG's own: 101, hash, "GNU", 1 where the secret was left out, 2 where it lies on a card. */
function protectedHow(secret: Buffer): SecretMissing {
  const how = secret[0] ?? 0
  const gnu = secret.subarray(2)
  if ((how !== 254 && how !== 255) || gnu[0] !== 101 || gnu.toString('latin1', 2, 5) !== 'GNU')
    return 'passphrase'
  return gnu[5] === 2 ? 'card' : 'stub'
}

function readPrivateKey(key: PublicKey, cursor: Cursor): KeyObject {
  const numbers: Buffer[] = []
  const start = cursor.at
  for (let count = key.algorithm === algorithmNumber.eddsa ? 1 : 4; count > 0; count -= 1)
    numbers.push(cursor.multiPrecision())
  const sum = cursor.bytes.subarray(start, cursor.at).reduce((total, byte) => (total + byte) & 0xffff, 0)
  if (cursor.number(2) !== sum || cursor.left > 0) throw new OpenPgpProblem('its checksum is wrong')
  const base = key.key?.export({ format: 'jwk' })
  if (base === undefined) throw new OpenPgpProblem('its algorithm is not ours')
  const jwk: JsonWebKey =
    key.algorithm === algorithmNumber.eddsa
      ? { ...base, d: seed(numbers[0]) }
      : { ...base, ...rsaParts(numbers) }
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

function seed(bytes: Buffer | undefined): string {
  if (bytes === undefined || bytes.length > 32) throw new OpenPgpProblem('it is longer than its curve')
  return Buffer.concat([Buffer.alloc(32 - bytes.length), bytes]).toString('base64url')
}

/** OpenPGP keeps the inverse of p modulo q, others that of q modulo p: so the two change places. */
function rsaParts([d, p, q, u]: readonly Buffer[]): JsonWebKey {
  const number = (bytes: Buffer | undefined): bigint => BigInt(`0x${bytes?.toString('hex') ?? ''}`)
  const text = (value: bigint): string => {
    const hex = value.toString(16)
    return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
  }
  const [exponent, first, second] = [number(d), number(q), number(p)]
  return {
    d: text(exponent),
    p: text(first),
    q: text(second),
    dp: text(exponent % (first - 1n)),
    dq: text(exponent % (second - 1n)),
    qi: text(number(u))
  }
}

function signDigest(key: PublicKey, privateKey: KeyObject, digest: Buffer): Buffer {
  if (key.algorithm === algorithmNumber.eddsa) return sign(null, digest, privateKey)
  return privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest))
}
