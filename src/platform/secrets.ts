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

/** The variable that `tagproof publish` takes tokens of package indexes from. */
export const pypiTokenVariable = 'TAGPROOF_PYPI_TOKEN'

/**
 * Takes the token out of the environment, whatever the command: nothing that is started from here on sees it.
 *
 * @returns undefined where there is none, or an empty one
 */
export function takePypiToken(environment: NodeJS.ProcessEnv, secrets: Secrets): string | undefined {
  const value = environment[pypiTokenVariable]
  Reflect.deleteProperty(environment, pypiTokenVariable)
  if (value === undefined || value.trim() === '') return undefined
  secrets.add(value)
  return value
}
