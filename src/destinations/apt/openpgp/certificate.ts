import { OpenPgpProblem, uint32 } from './bytes.ts'
import { packet, packetTag } from './packets.ts'
import { hashedKey, type PublicKey } from './public-key.ts'
import { readSignature, signatureHolds, signatureType, type Signature } from './signature.ts'
import type { Component, KeyComponent, Transferable } from './transferable.ts'

/** What a certificate says of one of its keys. */
export interface KeyState {
  key: PublicKey
  /** Where the secret part lies, when it is one that was exported with it. */
  component: KeyComponent
  /** Seconds since 1970 after which it makes no signatures; null: never. */
  expires: number | null
  /** Why it makes no valid signatures, expiry aside; null: it does. */
  problem: string | null
}

const signs = 0x02

/**
 * The keys of a certificate that were made to sign data, each with what is wrong with it. Only what the primary key has
 * signed itself counts, and of that the newest; a subkey must have said yes, too (RFC 4880, 5.2.1).
 *
 * @param now seconds since 1970; what is dated later does not count yet
 */
export function signingKeysOf(certificate: Transferable, now: number): KeyState[] {
  const { primary } = certificate
  const self = newestSelfSignature(certificate, now)
  const selfProblem = primaryProblem(certificate, self, now)
  const expires = self?.keyExpires == null ? null : primary.key.created + self.keyExpires
  const keys: KeyState[] = []
  if (selfProblem !== null || ((self?.keyFlags ?? 0) & signs) !== 0)
    keys.push({ key: primary.key, component: primary, expires, problem: selfProblem })
  for (const subkey of certificate.subkeys) {
    const signed = [hashedKey(primary.key.body), hashedKey(subkey.key.body)]
    const binding = newest(holding(subkey, signatureType.subkeyBinding, primary.key, signed, now), now)
    if (binding !== null && ((binding.keyFlags ?? 0) & signs) === 0) continue
    const ends = binding?.keyExpires == null ? null : subkey.key.created + binding.keyExpires
    keys.push({
      key: subkey.key,
      component: subkey,
      expires: earliest(expires, ends),
      problem: selfProblem ?? subkeyProblem(subkey, primary.key, binding, signed, now)
    })
  }
  return keys
}

function earliest(one: number | null, other: number | null): number | null {
  if (one === null) return other
  return other === null ? one : Math.min(one, other)
}

function primaryProblem(
  { primary, userIds }: Transferable,
  self: Signature | null,
  now: number
): string | null {
  if (primary.key.key === null) return `its primary key is ${primary.key.form}, which we cannot check`
  const signed = [hashedKey(primary.key.body)]
  if (holding(primary, signatureType.keyRevocation, primary.key, signed, now).length > 0) return 'is revoked'
  if (self !== null) return null
  const weak = [primary, ...userIds].some(({ signatures }) =>
    signatures.some((body) => readSignature(body)?.hash === null)
  )
  return weak
    ? 'is certified with SHA-1 or older alone, which apt does not take any more'
    : 'has no valid signature of its own primary key'
}

function subkeyProblem(
  subkey: KeyComponent,
  primary: PublicKey,
  binding: Signature | null,
  signed: readonly Buffer[],
  now: number
): string | null {
  if (subkey.key.key === null) return `is ${subkey.key.form}, which we do not sign with`
  if (holding(subkey, signatureType.subkeyRevocation, primary, signed, now).length > 0) return 'is revoked'
  if (binding === null) return 'is not bound to its primary key by a valid signature'
  const agreed = binding.embedded.some((body) => {
    const back = readSignature(body)
    return back?.type === signatureType.primaryBinding && signatureHolds(back, subkey.key, signed)
  })
  return agreed ? null : 'has not signed that it belongs to its primary key'
}

function newestSelfSignature({ primary, userIds }: Transferable, now: number): Signature | null {
  const direct = holding(primary, signatureType.directKey, primary.key, [hashedKey(primary.key.body)], now)
  const certified = userIds.flatMap((userId) => {
    const signed = [hashedKey(primary.key.body), hashedUserId(userId.packet.body)]
    const revoked = newest(
      holding(userId, signatureType.certificationRevocation, primary.key, signed, now),
      now
    )
    return [0x10, 0x11, 0x12, 0x13]
      .flatMap((type) => holding(userId, type, primary.key, signed, now))
      .filter(({ created }) => revoked === null || created > revoked.created)
  })
  return newest([...direct, ...certified], now)
}

export function hashedUserId(name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0xb4]), uint32(name.length), name])
}

/** Signatures of this type that the key made over this, up to now. */
function holding(
  { signatures }: Component,
  type: number,
  key: PublicKey,
  signed: readonly Buffer[],
  now: number
): Signature[] {
  return signatures.flatMap((body) => {
    const signature = readSignature(body)
    if (signature?.type !== type || signature.created > now) return []
    return signatureHolds(signature, key, signed) ? [signature] : []
  })
}

function newest(signatures: readonly Signature[], now: number): Signature | null {
  return signatures
    .filter(({ created, expires }) => expires === null || created + expires > now)
    .reduce<Signature | null>(
      (best, one) => (best === null || one.created >= best.created ? one : best),
      null
    )
}

/** What others need of it to check signatures: no secrets, and no signatures of other people. */
export function publicPackets({ primary, userIds, subkeys }: Transferable): Buffer {
  const own = (body: Buffer): boolean => {
    const signature = readSignature(body)
    return signature?.issuerId?.equals(primary.key.fingerprint.subarray(12)) === true
  }
  const pieces = (tag: number, body: Buffer, { signatures }: Component): Buffer[] => [
    packet(tag, body),
    ...signatures.filter(own).map((signature) => packet(packetTag.signature, signature))
  ]
  if (userIds.length === 0) throw new OpenPgpProblem('it bears no name')
  return Buffer.concat([
    ...pieces(packetTag.publicKey, primary.key.body, primary),
    ...userIds.flatMap((userId) => pieces(packetTag.userId, userId.packet.body, userId)),
    ...subkeys.flatMap((subkey) => pieces(packetTag.publicSubkey, subkey.key.body, subkey))
  ])
}
