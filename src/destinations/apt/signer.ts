import { generateKeyPairSync, sign } from 'node:crypto'
import { armor } from './armor.ts'
import { fingerprint, publicKeyPackets, signature, signatureType, type OpenPgpKey } from './openpgp.ts'

/** Signs the Release file of a repository. One of a key service needs {@link openPgpSigner} and its own `sign` alone. */
export interface ReleaseSigner {
  /** 40 upper-case hex digits. */
  fingerprint: string
  /** Armored public key: what users name in `signed-by`. */
  publicKey: string
  /** Armored detached signature of the bytes: `Release.gpg`. */
  detached: (text: string, date: number) => Promise<string>
  /** The text with its signature around it: `InRelease`. */
  clearsigned: (text: string, date: number) => Promise<string>
}

/** A signer of any Ed25519 key. @param userId name in the public key */
export async function openPgpSigner(key: OpenPgpKey, userId: string): Promise<ReleaseSigner> {
  return {
    fingerprint: fingerprint(key).toString('hex').toUpperCase(),
    publicKey: armor('PUBLIC KEY BLOCK', await publicKeyPackets(key, userId)),
    async detached(text, date) {
      return armor('SIGNATURE', await signature(key, signatureType.binary, [Buffer.from(text)], date))
    },
    async clearsigned(text, date) {
      // Lines without white space at their ends and without a dash at their beginning need no escaping.
      if (!text.endsWith('\n') || /[ \t\r]$|^-/m.test(text))
        throw new RangeError('a text cannot be signed as it is')
      const body = text.slice(0, -1)
      const signed = [Buffer.from(body.replace(/\n/g, '\r\n'))]
      const packets = await signature(key, signatureType.text, signed, date)
      return `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}${armor('SIGNATURE', packets)}`
    }
  }
}

/**
 * A signer with a new key that lives as long as this process: for rehearsals, whose repository nobody else trusts.
 *
 * @param created seconds since 1970, not after the first signature
 */
export function ephemeralSigner(created: number): Promise<ReleaseSigner> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
  const key: OpenPgpKey = {
    publicKey: raw,
    created,
    sign: (bytes) => Promise.resolve(sign(null, bytes, privateKey))
  }
  return openPgpSigner(key, 'Rehearsal of a release; the key is not kept')
}
