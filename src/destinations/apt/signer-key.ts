import { TagproofError } from '../../platform/errors.ts'
import { armor, readArmor } from './openpgp/armor.ts'
import { OpenPgpProblem } from './openpgp/bytes.ts'
import { publicPackets, signingKeysOf, type KeyState } from './openpgp/certificate.ts'
import { fingerprintText, rsaBits } from './openpgp/public-key.ts'
import { signingKeyOf, type SecretMissing } from './openpgp/secret-key.ts'
import type { SigningKey } from './openpgp/signature.ts'
import { readTransferable, type Transferable } from './openpgp/transferable.ts'
import { openPgpSigner, type ReleaseSigner } from './signer.ts'

export interface KeySignerRequest {
  /** Armored, as `gpg --armor --export-secret-subkeys` writes it. */
  secret: string
  /** Seconds since 1970: the key must be valid then. */
  now: number
  /** Where the secret comes from, for messages: `apt-signing-key`. */
  source: string
}

/** apt of 2026 and later takes no shorter ones (RSA-2048 until 2030). */
const fewestBits = 2048

/**
 * A signer of the newest valid signing key in an exported secret key. Its primary key may be missing, and should be.
 *
 * @throws TagproofError `signing-key`, with what is wrong with each key of it; never with any of its bytes
 */
export function keySigner({ secret, now, source }: KeySignerRequest): ReleaseSigner {
  const certificate = readSecret(secret, source)
  const found: string[] = []
  const usable: { state: KeyState; key: SigningKey }[] = []
  for (const state of signingKeysOf(certificate, now)) {
    const judged = judge(state, now)
    if (typeof judged === 'string') found.push(`${fingerprintText(state.key)} ${judged}`)
    else usable.push({ state, key: judged })
  }
  // Of two of one second the later in the file.
  const best = usable.reduce<(typeof usable)[number] | null>(
    (newest, one) => (newest === null || one.state.key.created >= newest.state.key.created ? one : newest),
    null
  )
  if (best === null) throw refused(source, found)
  const publicKey = armor('PUBLIC KEY BLOCK', publicPackets(certificate))
  return openPgpSigner(best.key, fingerprintText(certificate.primary.key), publicKey)
}

function readSecret(secret: string, source: string): Transferable {
  const wrong = (found: string, cause?: unknown): TagproofError =>
    new TagproofError('signing-key', `What ${source} holds is no secret key of OpenPGP.`, {
      found,
      expected: 'one key, as gpg --armor --export-secret-subkeys FINGERPRINT writes it',
      fix: `Export it again, and store the whole text, from BEGIN to END, as the secret for ${source}.`,
      cause
    })
  try {
    const keys = readArmor('PRIVATE KEY BLOCK', secret).flatMap((block) => readTransferable(block))
    const [key] = keys
    if (key === undefined || keys.length > 1) throw wrong(`${keys.length} keys`)
    return key
  } catch (error) {
    if (error instanceof OpenPgpProblem) throw wrong(error.message, error)
    throw error
  }
}

const missing: Readonly<Record<SecretMissing, string>> = {
  public: 'is in it as a public key',
  stub: 'is in it without its secret',
  card: 'lies on a card, and can only be asked for there',
  passphrase: 'is protected by a passphrase',
  unusable: 'has a secret that does not belong to it'
}

function judge({ key, component, expires, problem }: KeyState, now: number): SigningKey | string {
  if (problem !== null) return problem
  if (expires !== null && expires <= now) return `expired on ${day(expires)}`
  if (key.created > now) return `was made on ${day(key.created)}, which is in the future: check the clock`
  const bits = rsaBits(key)
  if (bits !== null && bits < fewestBits) return `is ${key.form}, which apt does not take any more`
  const signing = signingKeyOf(component)
  return typeof signing === 'string' ? missing[signing] : signing
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10)
}

/** What to do about the first thing that stands in the way. */
function refused(source: string, found: readonly string[]): TagproofError {
  const all = found.join('; ')
  const advice: readonly (readonly [RegExp, string])[] = [
    [/passphrase/, 'Export a signing subkey without a passphrase for the workflow, with an expiry: the store of its secrets is what guards it.'],
    [/expired/, 'Extend it, or add a new signing subkey (gpg --quick-add-key FINGERPRINT ed25519 sign 2y), export again, and publish the new public key.'],
    [/revoked/, 'Add a new signing subkey, export again, and publish the new public key.'],
    [/on a card/, 'Set a signer command for this destination, which asks the card.'],
    [/SHA-1/, 'Certify it again: gpg --cert-digest-algo SHA512 --quick-set-expire FINGERPRINT 2y; then export again.']
  ] // prettier-ignore
  const fix = advice.find(([sign]) => sign.test(all))?.[1]
  return new TagproofError('signing-key', `No key in ${source} can sign.`, {
    found: all || 'no key that was made for signing',
    expected: 'a signing subkey that is valid now, Ed25519 or RSA of 3072 bits or more',
    fix:
      fix ??
      'Add one: gpg --quick-add-key FINGERPRINT ed25519 sign 2y; then export again with --export-secret-subkeys.'
  })
}
