import { parse } from 'smol-toml'

export type Table = Readonly<Record<string, unknown>>

/** A TOML file's root table; an empty one where it is none. */
export function parseToml(text: string): Table {
  try {
    return parse(text)
  } catch {
    // The backend would have refused it; then nothing is stated.
    return {}
  }
}

export function asTable(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {}
}

/** The value at a dotted place; undefined if there is none. */
export function at(root: Table, place: string): unknown {
  return place
    .split('.')
    .reduce<unknown>(
      (value, key) => (Object.hasOwn(asTable(value), key) ? asTable(value)[key] : undefined),
      root
    )
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The strings of a list, or the one string that stands for a list. */
export function asTexts(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.filter((item) => typeof item === 'string')
}

/** The entries of a table whose values are strings. */
export function textEntries(value: unknown): [string, string][] {
  return Object.entries(asTable(value)).flatMap(([key, text]) =>
    typeof text === 'string' ? [[key, text]] : []
  )
}
