import { readArmor } from './armor.ts'
import { OpenPgpProblem } from './bytes.ts'
import { readCleartext, signedText } from './cleartext.ts'
import { signingKeysOf } from './certificate.ts'
import { packetTag, readPackets } from './packets.ts'
import { fingerprintText } from './public-key.ts'
import { readSignature, signatureHolds, signatureType, type Signature } from './signature.ts'
import { readTransferable, type Transferable } from './transferable.ts'

/** The public keys that users trust: what they name in `Signed-By`. More than one while keys change. */
export interface TrustedKeys {
  certificates: readonly Transferable[]
}

/** A signature that holds. */
export interface GoodSignature {
  /** 40 upper-case hex digits: of the primary key, and of the key that signed. */
  primary: string
  signedBy: string
  /** Seconds since 1970. */
  created: number
}

const firstByte = 0x80

/** Reads a file of public keys, armored or not. @throws OpenPgpProblem */
export function readTrustedKeys(bytes: Uint8Array): TrustedKeys {
  const isBinary = ((bytes[0] ?? 0) & firstByte) !== 0
  const blocks = isBinary ? [bytes] : readArmor('PUBLIC KEY BLOCK', Buffer.from(bytes).toString('latin1'))
  const certificates = blocks.flatMap((block) => readTransferable(block))
  if (
    certificates.some(({ primary, subkeys }) => [primary, ...subkeys].some(({ secret }) => secret !== null))
  )
    throw new OpenPgpProblem('it holds a SECRET key, and was to hold the public one')
  return { certificates }
}

export function primaryFingerprints({ certificates }: TrustedKeys): string[] {
  return certificates.map(({ primary }) => fingerprintText(primary.key))
}

/**
 * Checks the text of an `InRelease`.
 *
 * @param now seconds since 1970
 * @returns the text, and the signature of one of the keys
 * @throws OpenPgpProblem where none of them made a valid one
 */
export function verifyCleartext(
  message: string,
  keys: TrustedKeys,
  now: number
): { text: string; signature: GoodSignature } {
  const { text, signatures } = readCleartext(message)
  const signature = verified(signatures, signatureType.text, signedText(text), keys, now)
  return { text, signature }
}

/** Checks a detached, armored signature: `Release.gpg`. @throws OpenPgpProblem */
export function verifyDetached(
  armored: string,
  text: Uint8Array,
  keys: TrustedKeys,
  now: number
): GoodSignature {
  return verified(Buffer.concat(readArmor('SIGNATURE', armored)), signatureType.binary, text, keys, now)
}

function verified(
  packets: Buffer,
  type: number,
  signed: Uint8Array,
  keys: TrustedKeys,
  now: number
): GoodSignature {
  const problems: string[] = []
  for (const { tag, body } of readPackets(packets)) {
    if (tag !== packetTag.signature) throw new OpenPgpProblem('something else is among its signatures')
    const signature = readSignature(body)
    if (signature === null) continue
    const good = check(signature, type, signed, keys, now)
    if (typeof good !== 'string') return good
    problems.push(good)
  }
  throw new OpenPgpProblem(problems.join('; ') || 'it has no signature of version 4')
}

function check(
  signature: Signature,
  type: number,
  signed: Uint8Array,
  { certificates }: TrustedKeys,
  now: number
): GoodSignature | string {
  const issuer = (signature.issuer ?? signature.issuerId)?.toString('hex').toUpperCase() ?? 'nobody'
  for (const certificate of certificates)
    for (const { key, expires, problem } of signingKeysOf(certificate, now)) {
      if (signature.issuerId?.equals(key.fingerprint.subarray(12)) !== true) continue
      if (problem !== null) return `its signer ${issuer} ${problem}`
      if (signature.hash === null)
        return `the signature of ${issuer} is by SHA-1 or older, which apt does not take`
      if (signature.type !== type) return `the signature of ${issuer} is of another kind`
      if (!signatureHolds(signature, key, [signed])) return `the signature of ${issuer} does not hold`
      if (signature.created < key.created) return `the signature of ${issuer} is older than its key`
      if (expires !== null && signature.created >= expires) return `${issuer} had expired when it signed`
      if (signature.expires !== null && signature.created + signature.expires <= now)
        return `the signature of ${issuer} has expired`
      return {
        primary: fingerprintText(certificate.primary.key),
        signedBy: fingerprintText(key),
        created: signature.created
      }
    }
  return `it is signed by ${issuer}, which is none of the trusted keys`
}
