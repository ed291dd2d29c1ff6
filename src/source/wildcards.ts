// One step of a pattern over paths. `*` and `?` stay within one part, `**` spans parts, `**/` is any number of folders.
export type Wildcard =
  { literal: string } | { wildcard: '*' | '**' | '**/' | '?' } | { oneOf: (character: string) => boolean }

export interface MatchRules {
  /** A pattern that fits a folder fits everything below it. */
  below?: boolean
}

/**
 * Whether a pattern fits a path: goes through the path once, with all places of the pattern where one could be. Takes
 * time in proportion to pattern and path, whatever they are, unlike an expression that backtracks.
 */
export function fitsWildcards(
  pattern: readonly Wildcard[],
  path: string,
  { below = false }: MatchRules = {}
): boolean {
  const end = pattern.length * 2
  let places = reachable(pattern, [0])
  for (const character of path) {
    if (below && character === '/' && places.has(end)) return true
    const next = new Set<number>()
    for (const place of places) for (const to of after(pattern, place, character)) next.add(to)
    if (next.size === 0) return false
    places = reachable(pattern, next)
  }
  return places.has(end)
}

// A place is twice the index of its step; one more within the folders of `**/`.
function after(pattern: readonly Wildcard[], place: number, character: string): number[] {
  const at = place >> 1
  const step = pattern[at]
  const onward = (at + 1) * 2
  if (step === undefined) return []
  if ('literal' in step) return step.literal === character ? [onward] : []
  if ('oneOf' in step) return character !== '/' && step.oneOf(character) ? [onward] : []
  switch (step.wildcard) {
    case '?':
      return character === '/' ? [] : [onward]
    case '*':
      return character === '/' ? [] : [place]
    case '**':
      return [place]
    case '**/':
      return character === '/' ? [at * 2 + 1, onward] : [at * 2 + 1]
  }
}

// `*`, `**` and `**/` may stand for nothing.
function reachable(pattern: readonly Wildcard[], from: Iterable<number>): Set<number> {
  const places = new Set<number>()
  for (let place of from) {
    places.add(place)
    while (mayBeNothing(pattern[place >> 1], place)) places.add((place = ((place >> 1) + 1) * 2))
  }
  return places
}

function mayBeNothing(step: Wildcard | undefined, place: number): boolean {
  if (step === undefined || !('wildcard' in step) || step.wildcard === '?') return false
  return step.wildcard !== '**/' || place % 2 === 0
}
