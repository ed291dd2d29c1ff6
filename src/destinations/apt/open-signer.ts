import { TagproofError } from '../../platform/errors.ts'
import { checkedSigner, readKeyFile, type CheckedSigner } from './checked-signer.ts'
import { armor } from './openpgp/armor.ts'
import { publicPackets } from './openpgp/certificate.ts'
import { primaryFingerprints } from './openpgp/trusted-keys.ts'
import { commandSigner } from './signer-command.ts'
import { keySigner } from './signer-key.ts'
import type { ReleaseSigner } from './signer.ts'

export interface SignerRequest {
  /** Name of the destination, for messages. */
  destination: string
  /** The public key that users trust, a file of the repository. */
  key: { bytes: Buffer; file: string } | null
  /** `signer` of the configuration. */
  command: readonly string[] | null
  /** What `apt-signing-key` holds. */
  secret: string | undefined
  /** How the secret is handed over here: `apt-signing-key`, or the variable. */
  source: string
  environment: Readonly<Record<string, string | undefined>>
  /** Folder of the repository. */
  folder: string
  /** Seconds since 1970. */
  now: () => number
  signal?: AbortSignal
}

/**
 * The signer of a destination: a command of its configuration, or the secret that this run was given.
 *
 * @throws TagproofError `signing-key`; `config-invalid` for a command without the key that its signatures are held against
 */
export function openSigner(request: SignerRequest): CheckedSigner {
  const { key, now } = request
  return checkedSigner({
    signer: request.command === null ? ofSecret(request) : ofCommand(request),
    key,
    now
  })
}

function ofCommand(request: SignerRequest): ReleaseSigner {
  const { key, command, destination, environment, folder, signal } = request
  if (key === null)
    throw new TagproofError('config-invalid', `${destination} has a signer, and no key to check it by.`, {
      expected: 'key: the path of the public key in the repository',
      fix: 'Commit the public key that users trust, and name it with key.'
    })
  const { certificates } = readKeyFile(key)
  const [fingerprint = ''] = primaryFingerprints({ certificates })
  return commandSigner({
    command: command ?? [],
    fingerprint,
    publicKey: armor('PUBLIC KEY BLOCK', Buffer.concat(certificates.map(publicPackets))),
    environment,
    folder,
    ...(signal === undefined ? {} : { signal })
  })
}

function ofSecret({ secret, source, destination, now }: SignerRequest): ReleaseSigner {
  if (secret === undefined || secret.trim() === '')
    throw new TagproofError('signing-key', `${destination} is to be signed, and there is no key.`, {
      expected: `a signing subkey in ${source}, or a signer command in the configuration`,
      fix: 'Make one as the page "Publishing to an apt repository" shows, and hand it over as a secret of the environment that publishes.'
    })
  return keySigner({ secret, now: now(), source })
}
