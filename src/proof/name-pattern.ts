import { fitsWildcards, type Wildcard } from '../source/wildcards.ts'

/** One name, or a pattern that many may fit. */
export interface NamePattern {
  /** The name, where there is no wildcard; otherwise null. */
  exact: string | null
  wildcards: number
  fits(name: string): boolean
}

/**
 * Reads a pattern: `*` and `?` stay within one part of a path, `**` spans parts, `\` before a character takes it as it
 * is.
 */
export function namePattern(text: string): NamePattern {
  const steps = (text.match(/\\.|\*\*|[^\\]|\\$/gsu) ?? []).map(stepOf)
  const wildcards = steps.filter((step) => 'wildcard' in step).length
  const exact = wildcards === 0 ? steps.map((step) => ('literal' in step ? step.literal : '')).join('') : null
  return {
    exact,
    wildcards,
    fits: (name) => (exact === null ? fitsWildcards(steps, name) : name === exact)
  }
}

/** A name as a pattern that it alone fits. */
export function literalPattern(name: string): string {
  return name.replace(/[\\*?]/g, '\\$&')
}

function stepOf(text: string): Wildcard {
  if (text === '*' || text === '**' || text === '?') return { wildcard: text }
  return { literal: text.length > 1 && text.startsWith('\\') ? text.slice(1) : text }
}
