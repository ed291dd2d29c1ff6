import { TagproofError } from '../platform/errors.ts'

/** A destination that may be sent a credential, and the server that would see it. */
export interface CredentialPlace {
  name: string
  server: string
}

/** What a credential is called in messages. */
export interface CredentialWords {
  /** How it was handed over: `The input pypi-token`. */
  input: string
  /** What takes it: `a destination of kind pypi`. */
  taker: string
  /** What the destinations without one use: `use trusted publishing`. */
  others: string
}

/**
 * Whose credential is whose. One is sent to the one server that it is of: where the destinations have several, each line
 * names its destination.
 *
 * @param text of the input: one value, or lines `DESTINATION: VALUE`; undefined where there is none
 * @returns the value of each destination that has one
 * @throws TagproofError `usage` for one that nobody takes, or that could be of several servers. No message holds one.
 */
export function divideCredential(
  text: string | undefined,
  places: readonly CredentialPlace[],
  words: CredentialWords
): ReadonlyMap<string, string> {
  const { input, taker } = words
  if (text === undefined) return new Map()
  const names = places.map(({ name }) => name)
  if (places.length === 0)
    throw new TagproofError('usage', `${input} was handed over, and no destination takes it.`, {
      expected: `${taker}, or no credential that nothing needs`,
      fix: `Remove ${input}, or list the destination under destinations: in .github/tagproof.yml of the tag.`
    })
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const named = lines.map((line) => /^([a-z0-9][a-z0-9._-]{0,63}):\s+(\S+)$/.exec(line))
  if (lines.length === 1 && named[0] === null) {
    const servers = new Set(places.map(({ server }) => server))
    if (servers.size === 1) return new Map(names.map((name) => [name, lines[0] ?? '']))
    throw ambiguous(words, names)
  }
  const values = new Map<string, string>()
  for (const line of named) {
    const [, name = '', value = ''] = line ?? []
    if (!names.includes(name) || values.has(name)) throw ambiguous(words, names)
    values.set(name, value)
  }
  return values
}

function ambiguous({ input, others }: CredentialWords, names: readonly string[]): TagproofError {
  return new TagproofError('usage', `${input} does not say which destination each value is for.`, {
    expected: `one value where there is one server; else a line for each, such as "${names[0] ?? ''}: VALUE"`,
    fix: `Write one line for each of ${names.join(', ')} that has one; those without ${others}.`
  })
}
