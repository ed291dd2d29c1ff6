import type { Stated } from './statement.ts'

/** What one field of metadata is, compared with what the tree states. */
export type Judgement =
  /** It follows from the files. */
  | { kind: 'derived'; from: readonly string[] }
  /** Code of the project or of the backend says it: the backend has to confirm it. */
  | { kind: 'code'; from: readonly string[] }
  | { kind: 'differs'; found: string; expected: string; from: readonly string[] }
  /** Nobody says it. */
  | { kind: 'undeclared'; found: string; from: readonly string[] }

/**
 * Compares one value with what is stated.
 *
 * @param found for messages
 */
export function against<T>(
  stated: Stated<T> | undefined,
  found: string,
  same: (value: T) => boolean,
  show: (value: T) => string
): Judgement {
  if (stated === undefined) return { kind: 'undeclared', found, from: [] }
  const { value, firm, from } = stated
  if (value !== undefined && same(value)) return { kind: 'derived', from }
  if (!firm || value === undefined) return { kind: 'code', from }
  return { kind: 'differs', found, expected: show(value), from }
}

/**
 * Compares a list with what is stated, element by element.
 *
 * @param key by which elements are equal
 * @param complete whether all that is stated must be there
 */
export function listAgainst(
  stated: Stated<readonly string[]> | undefined,
  found: readonly string[],
  key: (item: string) => string,
  complete: boolean
): Judgement {
  const known = new Set((stated?.value ?? []).map(key))
  const there = new Set(found.map(key))
  const added = found.filter((item) => !known.has(key(item)))
  const missing = complete ? (stated?.value ?? []).filter((item) => !there.has(key(item))) : []
  if (stated === undefined) return { kind: 'undeclared', found: quotedList(added), from: [] }
  if (added.length === 0 && missing.length === 0) return { kind: 'derived', from: stated.from }
  if (!stated.firm) return { kind: 'code', from: stated.from }
  if (missing.length === 0) return { kind: 'undeclared', found: quotedList(added), from: stated.from }
  const rest = added.length === 0 ? 'none of it' : quotedList(added)
  return { kind: 'differs', found: rest, expected: quotedList(missing), from: stated.from }
}

/** The first of several values, short enough for a message. */
export function quotedList(values: readonly string[]): string {
  const shown = values.slice(0, 5).map((value) => JSON.stringify(shortened(value)))
  return shown.join(', ') + (values.length > 5 ? ` and ${values.length - 5} more` : '')
}

export function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
