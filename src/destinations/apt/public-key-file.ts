import { sha256OfBytes } from '../../platform/files.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { Store } from '../stores/store.ts'
import type { CheckedSigner } from './checked-signer.ts'
import { OpenPgpProblem } from './openpgp/bytes.ts'
import { primaryFingerprints, readTrustedKeys } from './openpgp/trusted-keys.ts'

/** Where users fetch the public key of the repository. */
export const keyName = 'key.asc'
const largestKey = 4 * 1024 * 1024

/**
 * Whether the key that users are given is the one of this release.
 *
 * @returns true where it is to be written: it is not there, or one of the same owner before its newest subkey
 * @throws TagproofError `suite-refused` for a key of somebody else
 */
export async function keyIsMissing(store: Store, { publicKey, trusted }: CheckedSigner): Promise<boolean> {
  const there = await store.read(keyName, largestKey)
  if (there === null) return true
  if (there.bytes.equals(Buffer.from(publicKey))) return false
  const expected = primaryFingerprints(trusted)
  const found = fingerprintsIn(there.bytes)
  if (found.length > 0 && found.every((one) => expected.includes(one))) return true
  throw new TagproofError('suite-refused', 'The repository gives out another public key.', {
    where: keyName,
    found: found.join(', ') || 'no public key',
    expected: expected.join(', '),
    fix: 'If the key of the repository has changed, put the old public key beside the new one into the file that key names, and publish; else find out who wrote it.'
  })
}

function fingerprintsIn(bytes: Buffer): string[] {
  try {
    return primaryFingerprints(readTrustedKeys(bytes))
  } catch (error) {
    if (error instanceof OpenPgpProblem) return []
    throw error
  }
}

/** Users need it before the first index that it signs. */
export async function writeKey(store: Store, signer: CheckedSigner): Promise<void> {
  const bytes = Buffer.from(signer.publicKey)
  for (;;) {
    if (!(await keyIsMissing(store, signer))) return
    const there = await store.hash(keyName)
    if (there?.sha256 === sha256OfBytes(bytes)) return
    if ((await store.replace(keyName, { bytes }, there?.version ?? null)) !== null) return
  }
}
