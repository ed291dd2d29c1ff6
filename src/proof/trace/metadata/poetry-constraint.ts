import { raised, type VersionRange } from './specifiers.ts'

/**
 * A version constraint of Poetry ("Dependency specification"): caret, tilde, wildcard, `||` between alternatives.
 * Undefined where it is in no form that is known.
 */
export function poetryRange(text: string): VersionRange | undefined {
  const range = text.split(/\|\|?/).map((alternative) => {
    const clauses = alternative
      .trim()
      .replace(/([~^<>=!]=?)\s+/g, '$1')
      .split(/\s*,\s*|\s+/)
      .filter((clause) => clause !== '')
      .map(clauseOf)
    return clauses.includes(undefined) ? undefined : clauses.flatMap((clause) => clause ?? [])
  })
  const known = range.filter((clauses) => clauses !== undefined)
  return known.length === range.length ? known : undefined
}

function clauseOf(clause: string): string[] | undefined {
  if (clause === '*') return []
  const wildcard = /^=?=?(\d+(?:\.\d+)*)\.[*xX]$/.exec(clause)?.[1]
  if (wildcard !== undefined) return [`>=${wildcard}`, `<${raised(wildcard)}`]
  const [, operator = '', version = ''] =
    /^(\^|~=|~|===|==|=|!=|<=|>=|<|>)?v?(\d[\w.!+*-]*)$/.exec(clause) ?? []
  const release = /^\d+(?:\.\d+)*/.exec(version)?.[0]
  if (release === undefined) return undefined
  if (operator === '^') return [`>=${version}`, `<${caret(release)}`]
  if (operator === '~') return [`>=${version}`, `<${raised(release.split('.').slice(0, 2).join('.'))}`]
  if (operator === '' || operator === '=') return [`==${version}`]
  return [`${operator}${version}`]
}

/** The first part that is no zero may not change. */
function caret(release: string): string {
  const parts = release.split('.')
  const first = parts.findIndex((part) => Number(part) !== 0)
  return raised(parts.slice(0, first < 0 ? parts.length : first + 1).join('.'))
}
