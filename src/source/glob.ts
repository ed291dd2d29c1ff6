import { TagproofError } from '../platform/errors.ts'
import { fitsWildcards, type Wildcard } from './wildcards.ts'

/** `{a,b}` makes two patterns of one, and the next pair four. */
const mostAlternatives = 256

/**
 * Whether a path matches one of the globs. `*` and `?` stay within one part, `**` spans parts, `[a-z]` and
 * `{a,b}` work as in gitignore and shells; a glob that names a folder means everything below it.
 *
 * @throws TagproofError `config-invalid` for a glob with too many alternatives
 */
export function globMatcher(globs: readonly string[]): (path: string) => boolean {
  const patterns = globs.flatMap((glob) => patternsOf(glob))
  return (path) => patterns.some((pattern) => fitsWildcards(pattern, path, { below: true }))
}

/** A glob as patterns without braces. */
function patternsOf(glob: string): Wildcard[][] {
  const pieces =
    glob
      .replace(/^\.?\/+/, '')
      .replace(/\/+$/, '')
      .match(/\{[^{}]*\}|[^{]+|\{/gs) ?? []
  let patterns: Wildcard[][] = [[]]
  for (const piece of pieces) {
    const choices = piece.length > 1 && piece.startsWith('{') ? piece.slice(1, -1).split(',') : [piece]
    patterns = patterns.flatMap((begin) => choices.map((choice) => [...begin, ...wildcardsOf(choice)]))
    if (patterns.length > mostAlternatives)
      throw new TagproofError(
        'config-invalid',
        `The glob ${JSON.stringify(glob)} has too many alternatives.`,
        {
          expected: `at most ${mostAlternatives}`,
          fix: 'Write several globs in its place.'
        }
      )
  }
  return patterns
}

function wildcardsOf(text: string): Wildcard[] {
  return (text.match(/\*\*\/|\*\*|\*|\?|\[[!^]?[^\]/]+\]|./gsu) ?? []).map(wildcardOf)
}

function wildcardOf(token: string): Wildcard {
  if (token === '*' || token === '?' || token === '**' || token === '**/') return { wildcard: token }
  if (token.length > 1 && token.startsWith('[')) return { oneOf: charactersOf(token.slice(1, -1)) }
  return { literal: token }
}

/** What stands in brackets: characters and ranges of them, all others after `!` or `^`. */
function charactersOf(text: string): (character: string) => boolean {
  const negated = /^[!^]/.test(text)
  const parts = (negated ? text.slice(1) : text).match(/.-.|./gsu) ?? []
  const has = (character: string): boolean =>
    parts.some((part) => {
      const [from = '', dash, to = from] = part
      return dash === '-' ? from <= character && character <= to : part === character
    })
  return (character) => has(character) !== negated
}
