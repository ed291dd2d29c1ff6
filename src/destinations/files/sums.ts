import { formatSums } from '../../evidence/sums.ts'
import { sha256OfBytes } from '../../platform/files.ts'
import { OpenPgpProblem } from '../apt/openpgp/bytes.ts'
import { verifyDetached } from '../apt/openpgp/trusted-keys.ts'
import type { CheckedSigner } from '../apt/checked-signer.ts'
import type { DestinationFile } from '../destination.ts'
import { signatureEnding, sumsName, type PlacedFile } from './names.ts'

/** `SHA256SUMS` of a release at one destination. */
export interface Sums {
  key: string
  signatureKey: string
  text: string
  entry: DestinationFile
}

export const largestSignature = 64 << 10

/** In the order of names; every release has its own, so nobody has to change another's. Pure. */
export function sumsOf(key: string, files: readonly PlacedFile[]): Sums {
  const text = formatSums(files)
  const bytes = Buffer.from(text)
  return {
    key,
    signatureKey: `${key}${signatureEnding}`,
    text,
    entry: { name: sumsName, size: bytes.length, sha256: sha256OfBytes(bytes) }
  }
}

/**
 * Whether a signature that lies there is one that users can verify. A signer need not make the same bytes again, so those
 * are not compared.
 *
 * @param now seconds since 1970
 * @returns what is wrong with it, or null
 */
export function faultOfSignature(
  signature: Buffer,
  { text }: Sums,
  { trusted }: CheckedSigner,
  now: number
): string | null {
  try {
    verifyDetached(signature.toString('latin1'), Buffer.from(text), trusted, now)
    return null
  } catch (error) {
    if (error instanceof OpenPgpProblem) return error.message
    throw error
  }
}
