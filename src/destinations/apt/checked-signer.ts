import { TagproofError } from '../../platform/errors.ts'
import { armor } from './openpgp/armor.ts'
import { OpenPgpProblem } from './openpgp/bytes.ts'
import { publicPackets } from './openpgp/certificate.ts'
import {
  primaryFingerprints,
  readTrustedKeys,
  verifyCleartext,
  verifyDetached,
  type TrustedKeys
} from './openpgp/trusted-keys.ts'
import type { ReleaseSigner } from './signer.ts'

/** Both signatures of one Release. */
export interface SignedRelease {
  inRelease: string
  detached: string
}

/** Signs a Release, and gives out nothing that users could not verify. */
export interface CheckedSigner {
  trusted: TrustedKeys
  /** Armored: what users have, or get. */
  publicKey: string
  sign: (text: string, date: number) => Promise<SignedRelease>
  /** Signs a text that means nothing: what fails, fails before anything is written. */
  prove: (date: number) => Promise<void>
}

export interface CheckedSignerRequest {
  signer: ReleaseSigner
  /** The file that users trust, as it is in the repository; null: the signer's own public key. */
  key: { bytes: Buffer; file: string } | null
  /** Seconds since 1970. */
  now: () => number
}

/**
 * Holds every signature against the key that users trust, whoever made it.
 *
 * @throws TagproofError `signing-key` for a signer of another key; `sign` and `prove` throw `signing-failed`
 */
export function checkedSigner({ signer, key, now }: CheckedSignerRequest): CheckedSigner {
  const trusted = key === null ? readTrustedKeys(Buffer.from(signer.publicKey)) : readKeyFile(key)
  const fingerprints = primaryFingerprints(trusted)
  if (!fingerprints.includes(signer.fingerprint))
    throw new TagproofError('signing-key', 'The signing key is not the one that users trust.', {
      ...(key === null ? {} : { where: key.file }),
      found: signer.fingerprint,
      expected: fingerprints.join(' or '),
      fix: 'Hand over the secret that belongs to this file; or put the public key that users have into it, the new one beside the old while keys change.'
    })

  async function sign(text: string, date: number): Promise<SignedRelease> {
    const inRelease = await signer.clearsigned(text, date)
    const detached = await signer.detached(text, date)
    try {
      const { text: signed } = verifyCleartext(inRelease, trusted, laterOf(now(), date))
      if (signed !== text) throw new OpenPgpProblem('another text was signed')
      verifyDetached(detached, Buffer.from(text), trusted, laterOf(now(), date))
    } catch (error) {
      if (!(error instanceof OpenPgpProblem)) throw error
      throw new TagproofError(
        'signing-failed',
        'What the signer gave is no signature that users could verify.',
        {
          found: error.message,
          expected: `a signature by a key of ${fingerprints.join(' or ')}`,
          ...(key === null ? {} : { where: key.file }),
          fix: 'Nothing of it was written. See which key the signer uses, and whether the public key has its newest signing subkey.',
          cause: error
        }
      )
    }
    return { inRelease, detached }
  }

  return {
    trusted,
    publicKey: key === null ? signer.publicKey : armoredKey(key.bytes, trusted),
    sign,
    prove: async (date) => {
      await sign('Trial: this signature means nothing but that the signer answers.\n', date)
    }
  }
}

/** @throws TagproofError `signing-key` */
export function readKeyFile({ bytes, file }: { bytes: Buffer; file: string }): TrustedKeys {
  try {
    return readTrustedKeys(bytes)
  } catch (error) {
    if (!(error instanceof OpenPgpProblem)) throw error
    throw new TagproofError('signing-key', `${file} is no public key of OpenPGP.`, {
      where: file,
      found: error.message,
      expected: 'what gpg --armor --export FINGERPRINT writes',
      fix: 'Export the public key of the repository into it again.',
      cause: error
    })
  }
}

/** As it was written where it is armored already: users may compare it. */
function armoredKey(bytes: Buffer, trusted: TrustedKeys): string {
  if (bytes.subarray(0, 5).toString('latin1') === '-----') return bytes.toString('latin1')
  return armor('PUBLIC KEY BLOCK', Buffer.concat(trusted.certificates.map(publicPackets)))
}

function laterOf(one: number, other: number): number {
  return Math.max(one, other)
}
