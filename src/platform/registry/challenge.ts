/** What a registry asks for when it answers 401 (RFC 9110 section 11.6.1; distribution, "Token Authentication"). */
export interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  scheme: string
  parameters: ReadonlyMap<string, string>
}

const longest = 8192

/** Reads `WWW-Authenticate`, which may hold several challenges. What cannot be read ends the list. */
export function parseChallenges(header: string | undefined): Challenge[] {
  const text = (header ?? '').slice(0, longest)
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  const parameter = /^\s*,?\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/
  const scheme = /^\s*,?\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?=\s|,|$)/
  let rest = text
  while (rest !== '') {
    const pair = parameter.exec(rest)
    const last = challenges.at(-1)
    if (pair !== null && last !== undefined) {
      last.parameters.set((pair[1] ?? '').toLowerCase(), pair[2]?.replace(/\\(.)/g, '$1') ?? pair[3] ?? '')
      rest = rest.slice(pair[0].length)
      continue
    }
    const next = scheme.exec(rest)
    if (next === null) return challenges
    challenges.push({ scheme: (next[1] ?? '').toLowerCase(), parameters: new Map() })
    rest = rest.slice(next[0].length)
  }
  return challenges
}
