/** A pattern for names: literal characters, and wildcards. */
type Token = { literal: string } | { wildcard: '*' | '**' | '?' }

/** One name, or a pattern that many may fit. */
export interface NamePattern {
  /** The name, where there is no wildcard; otherwise null. */
  exact: string | null
  wildcards: number
  fits(name: string): boolean
}

/**
 * Reads a pattern: `*` and `?` stay within one part of a path, `**` spans parts, `\` before a character takes it as it
 * is. Matching takes time in proportion to pattern and name, whatever they are.
 */
export function namePattern(text: string): NamePattern {
  const tokens = (text.match(/\\.|\*\*|[^\\]|\\$/gsu) ?? []).map(tokenOf)
  const first = tokens.findIndex((token) => 'wildcard' in token)
  const head = literals(first < 0 ? tokens : tokens.slice(0, first))
  const wildcards = tokens.filter((token) => 'wildcard' in token).length
  const rest = tokens.slice(Math.max(first, 0))
  return {
    exact: first < 0 ? head : null,
    wildcards,
    fits: (name) => (first < 0 ? name === head : name.startsWith(head) && fits(rest, name.slice(head.length)))
  }
}

/** A name as a pattern that it alone fits. */
export function literalPattern(name: string): string {
  return name.replace(/[\\*?]/g, '\\$&')
}

function tokenOf(text: string): Token {
  if (text === '*' || text === '**' || text === '?') return { wildcard: text }
  return { literal: text.length > 1 && text.startsWith('\\') ? text.slice(1) : text }
}

function literals(tokens: readonly Token[]): string {
  return tokens.map((token) => ('literal' in token ? token.literal : '')).join('')
}

/** Goes through the name once, with all places of the pattern where one could be. */
function fits(tokens: readonly Token[], name: string): boolean {
  let places = reachable(tokens, [0])
  for (const character of name) {
    const next = new Set<number>()
    for (const at of places) {
      const token = tokens[at]
      if (token === undefined) continue
      if ('literal' in token) {
        if (token.literal === character) next.add(at + 1)
      } else if (token.wildcard === '**' || character !== '/') next.add(token.wildcard === '?' ? at + 1 : at)
    }
    if (next.size === 0) return false
    places = reachable(tokens, next)
  }
  return places.has(tokens.length)
}

/** `*` and `**` may stand for nothing. */
function reachable(tokens: readonly Token[], from: Iterable<number>): Set<number> {
  const places = new Set<number>()
  for (let at of from) {
    places.add(at)
    for (
      let token = tokens[at];
      token !== undefined && 'wildcard' in token && token.wildcard !== '?';
      token = tokens[at]
    )
      places.add((at += 1))
  }
  return places
}
