/** Texts that may be printed nowhere. */
export interface Secrets {
  add: (secret: string) => void
  /** The text with each of them replaced. */
  mask: (text: string) => string
}

/** Shorter ones would tear ordinary words apart, and guard nothing. */
const shortest = 6

/** For a terminal, where no runner masks what it was told to. A secret may come in pieces: each line of it is one. */
export function secretsOf(): Secrets {
  const known = new Set<string>()
  return {
    add: (secret) => {
      for (const line of secret.split(/\r?\n/)) if (line.trim().length >= shortest) known.add(line.trim())
    },
    mask: (text) => [...known].reduce((masked, secret) => masked.replaceAll(secret, '***'), text)
  }
}

/** Credentials that destinations take, as the inputs of the action are called. */
export const credentialNames = [
  'pypi-token',
  'registry-username',
  'registry-password',
  'apt-signing-key',
  's3-access-key-id',
  's3-secret-access-key',
  'github-token'
] as const
export type CredentialName = (typeof credentialNames)[number]

/** The variable that `tagproof publish` takes a credential from: `TAGPROOF_PYPI_TOKEN`. */
export function credentialVariable(name: CredentialName): string {
  return `TAGPROOF_${name.toUpperCase().replaceAll('-', '_')}`
}

/**
 * Takes the credentials out of the environment, whatever the command: nothing that is started from here on sees them.
 *
 * @returns those that are there and not empty
 */
export function takeCredentials(
  environment: NodeJS.ProcessEnv,
  secrets: Secrets
): ReadonlyMap<CredentialName, string> {
  const taken = new Map<CredentialName, string>()
  for (const name of credentialNames) {
    const value = environment[credentialVariable(name)]
    Reflect.deleteProperty(environment, credentialVariable(name))
    if (value === undefined || value.trim() === '') continue
    secrets.add(value)
    taken.set(name, value)
  }
  return taken
}

/** What each credential is for, in the help of `publish`. */
export const credentialUse: Readonly<Record<CredentialName, string>> = {
  'pypi-token': 'package index; without it, the identity of a workflow with id-token: write is used',
  'registry-username': 'user of an image registry; without it, what docker login has left is used',
  'registry-password': 'password or token of that user',
  'apt-signing-key': 'armored private key that signs apt repositories and SHA256SUMS',
  's3-access-key-id': 'key id for a bucket; a store with role: uses the identity of the workflow',
  's3-secret-access-key': 'the secret of that key',
  'github-token': 'token that may write releases, or push a branch of git'
}
