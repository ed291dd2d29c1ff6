import { TagproofError } from '../platform/errors.ts'

/** A destination that may be sent a token, and the server that would see it. */
export interface TokenPlace {
  name: string
  server: string
}

/**
 * Whose token is whose. A token is sent to the one server that it is of: where the destinations have several, each line
 * names its destination.
 *
 * @param text of the input: one token, or lines `DESTINATION: TOKEN`; undefined where there is none
 * @returns the token of each destination that has one; the others use trusted publishing
 * @throws TagproofError `usage` for a token that nobody takes, or that could be of several servers. No message holds one.
 */
export function tokensFor(
  text: string | undefined,
  places: readonly TokenPlace[],
  input: string
): ReadonlyMap<string, string> {
  if (text === undefined) return new Map()
  const names = places.map(({ name }) => name)
  if (places.length === 0)
    throw new TagproofError(
      'usage',
      `${input} was handed over, and no destination of kind pypi is configured.`,
      {
        expected: 'no token that nothing needs',
        fix: `Remove ${input}, or list the index under destinations: in .github/tagproof.yml of the tag.`
      }
    )
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const named = lines.map((line) => /^([a-z0-9][a-z0-9._-]{0,63}):\s+(\S+)$/.exec(line))
  if (lines.length === 1 && named[0] === null) {
    const servers = new Set(places.map(({ server }) => server))
    if (servers.size === 1) return new Map(names.map((name) => [name, lines[0] ?? '']))
    throw ambiguous(input, names)
  }
  const tokens = new Map<string, string>()
  for (const line of named) {
    const [, name = '', token = ''] = line ?? []
    if (!names.includes(name) || tokens.has(name)) throw ambiguous(input, names)
    tokens.set(name, token)
  }
  return tokens
}

function ambiguous(input: string, names: readonly string[]): TagproofError {
  return new TagproofError('usage', `${input} does not say which destination each token is for.`, {
    expected: `one token where there is one index; else a line for each, such as "${names[0] ?? 'pypi'}: TOKEN"`,
    fix: `Write one line for each of ${names.join(', ')} that has a token; those without use trusted publishing.`
  })
}
