import { generateKeyPairSync, sign } from 'node:crypto'
import { armor } from './openpgp/armor.ts'
import { hashedUserId } from './openpgp/certificate.ts'
import { Cursor } from './openpgp/bytes.ts'
import { clearsign } from './openpgp/cleartext.ts'
import { packet, packetTag, subpacket } from './openpgp/packets.ts'
import { ed25519Body, fingerprintText, hashedKey, readPublicKey } from './openpgp/public-key.ts'
import { makeSignature, signatureType, type SigningKey } from './openpgp/signature.ts'

/** Signs texts of a release: the Release file of a repository, lists of sums. */
export interface ReleaseSigner {
  /** 40 upper-case hex digits, of the primary key: what users know it by. */
  fingerprint: string
  /** Armored public key: what users name in `signed-by`. */
  publicKey: string
  /** Armored detached signature of the text: `Release.gpg`. @param date seconds since 1970 */
  detached: (text: string, date: number) => Promise<string>
  /** The text with its signature around it: `InRelease`. */
  clearsigned: (text: string, date: number) => Promise<string>
}

/** A signer of a key that is at hand. @param publicKey armored, with the primary key of this fingerprint */
export function openPgpSigner(key: SigningKey, fingerprint: string, publicKey: string): ReleaseSigner {
  return {
    fingerprint,
    publicKey,
    detached: async (text, date) =>
      armor('SIGNATURE', await makeSignature(key, signatureType.binary, [Buffer.from(text)], date)),
    clearsigned: (text, date) => clearsign(key, text, date)
  }
}

/**
 * A signer with a new key that lives as long as this process: for rehearsals, whose repository nobody else trusts.
 *
 * @param created seconds since 1970, not after the first signature
 */
export async function ephemeralSigner(created: number): Promise<ReleaseSigner> {
  const pair = generateKeyPairSync('ed25519')
  const raw = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
  const publicKey = readPublicKey(new Cursor(ed25519Body(raw, created)))
  const key: SigningKey = {
    publicKey,
    sign: (digest) => Promise.resolve(sign(null, digest, pair.privateKey))
  }
  const packets = await namedKey(key, 'Rehearsal of a release; the key is not kept')
  return openPgpSigner(key, fingerprintText(publicKey), armor('PUBLIC KEY BLOCK', packets))
}

/** The public key with one name that it certifies itself. */
async function namedKey(key: SigningKey, userId: string): Promise<Buffer> {
  const { body, created } = key.publicKey
  const name = Buffer.from(userId)
  // May certify and sign; prefers SHA-512.
  const flags = [subpacket(27, Buffer.from([3])), subpacket(21, Buffer.from([10]))]
  const signed = [hashedKey(body), hashedUserId(name)]
  return Buffer.concat([
    packet(packetTag.publicKey, body),
    packet(packetTag.userId, name),
    await makeSignature(key, signatureType.certification, signed, created, flags)
  ])
}
