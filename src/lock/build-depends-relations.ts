/** One alternative of a relation: `python3:any (>= 3.11) [amd64 !arm64] <!nocheck>` (deb-src-control(5)). */
export interface Alternative {
  name: string
  /** `any` or an architecture; `native`, which changes nothing in a native build, is left out. */
  qualifier: string | null
  constraint: { operator: '<<' | '<=' | '=' | '>=' | '>>'; version: string } | null
  /** As written between brackets; empty for every architecture. */
  architectures: readonly string[]
  /** Restriction lists between angle brackets, one of which must hold; empty where there are none. */
  profiles: readonly (readonly string[])[]
}

/** Alternatives with `|` between them, and the line that it begins in. */
export interface Relation {
  alternatives: readonly Alternative[]
  line: number
}

const form =
  /^(?<name>[a-z0-9][a-z0-9+.-]*)(?::(?<qualifier>[a-z0-9-]+))?\s*(?:\(\s*(?<operator><<|<=|=|>=|>>|<|>)\s*(?<version>[A-Za-z0-9.+~:-]+)\s*\))?\s*(?:\[(?<architectures>[^\]]*)\])?\s*(?<profiles>(?:<[^<>]*>\s*)*)$/

/**
 * The relations of a field, in their order.
 *
 * @param lines line of the text for each line of the value
 * @returns relations, or the first one that cannot be read
 */
export function parseRelations(
  value: string,
  lines: readonly number[]
): { relations: Relation[] } | { bad: string; line: number } {
  const relations: Relation[] = []
  let passed = 0
  for (const text of value.split(',')) {
    const blank = newlines(/^\s*/.exec(text)?.[0] ?? '')
    const line = lines[passed + blank] ?? lines[0] ?? 1
    passed += newlines(text)
    // A comma may end the list, and packagers like that.
    if (text.trim() === '') continue
    const alternatives = text.split('|').map((part) => parseAlternative(part.replace(/\s+/g, ' ').trim()))
    const known = alternatives.filter((one) => one !== null)
    if (known.length < alternatives.length) return { bad: text.replace(/\s+/g, ' ').trim(), line }
    relations.push({ alternatives: known, line })
  }
  return { relations }
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}

function parseAlternative(text: string): Alternative | null {
  const groups = form.exec(text)?.groups
  if (groups === undefined) return null
  const { name = '', qualifier, operator, version = '', architectures = '', profiles = '' } = groups
  return {
    name,
    qualifier: qualifier === undefined || qualifier === 'native' ? null : qualifier,
    constraint: operator === undefined ? null : { operator: operatorOf(operator), version },
    architectures: words(architectures),
    profiles: [...profiles.matchAll(/<([^<>]*)>/g)].map((match) => words(match[1] ?? ''))
  }
}

/** `<` and `>` are the old words for `<=` and `>=` (Policy 7.1). */
function operatorOf(text: string): NonNullable<Alternative['constraint']>['operator'] {
  if (text === '<') return '<='
  return text === '>' ? '>=' : (text as NonNullable<Alternative['constraint']>['operator'])
}

/** As it is written for apt and in the lock; architectures are left in where they are not decided yet. */
export function formatRelation(alternatives: readonly Alternative[]): string {
  return alternatives
    .map(({ name, qualifier, constraint, architectures }) =>
      [
        `${name}${qualifier === null ? '' : `:${qualifier}`}`,
        ...(constraint === null ? [] : [`(${constraint.operator} ${constraint.version})`]),
        ...(architectures.length === 0 ? [] : [`[${architectures.join(' ')}]`])
      ].join(' ')
    )
    .join(' | ')
}

/** The alternatives that count under these build profiles, their restriction lists resolved. */
export function underProfiles(
  alternatives: readonly Alternative[],
  active: readonly string[]
): Alternative[] {
  const holds = (term: string): boolean =>
    term.startsWith('!') ? !active.includes(term.slice(1)) : active.includes(term)
  return alternatives
    .filter(({ profiles }) => profiles.length === 0 || profiles.some((list) => list.every(holds)))
    .map((alternative) => ({ ...alternative, profiles: [] }))
}

/** The alternatives that count on this architecture, their lists resolved. */
export function onArchitecture(alternatives: readonly Alternative[], architecture: string): Alternative[] {
  return alternatives
    .filter(({ architectures }) => {
      const negated = architectures.filter((one) => one.startsWith('!'))
      if (negated.length > 0) return !negated.some((one) => isAmong(architecture, one.slice(1)))
      return architectures.length === 0 || architectures.some((one) => isAmong(architecture, one))
    })
    .map((alternative) => ({ ...alternative, architectures: [] }))
}

/** Wildcards of Policy 11.1 for the architectures of Linux, whose names are those of their processors but for two. */
function isAmong(architecture: string, wildcard: string): boolean {
  const processor = architecture === 'armhf' || architecture === 'armel' ? 'arm' : architecture
  return [
    architecture,
    'any',
    'linux-any',
    'gnu-any-any',
    'gnu-linux-any',
    `any-${processor}`,
    `linux-${processor}`,
    `any-any-${processor}`,
    `any-linux-${processor}`,
    `gnu-any-${processor}`,
    `gnu-linux-${processor}`
  ].includes(wildcard)
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}
