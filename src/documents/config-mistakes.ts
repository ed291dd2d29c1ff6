import type { z } from 'zod'
import type { ErrorDetail } from '../platform/errors.ts'
import { mappingForm, schemaAt, type JsonSchema } from './config-json-schema.ts'

/** A mistake in the user's words: where, what was found, what is allowed. */
export interface Mistake extends Omit<ErrorDetail, 'where'> {
  message: string
  path: readonly PropertyKey[]
  /** Whether it is the key at `path` that is wrong, or its value. */
  part: 'key' | 'value'
}

/** Turns what the schema library says about a value into mistakes that a user can mend. Pure. */
export function mistakesOf(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  schema: JsonSchema
): Mistake[] {
  return issues.flatMap((issue) => mistake(issue, value, schema))
}

function mistake(issue: z.core.$ZodIssue, value: unknown, schema: JsonSchema): Mistake[] {
  const here = { path: issue.path, part: 'value' as const }
  const found = valueAt(value, issue.path)
  const expected = describe(schemaAt(schema, issue.path))
  const name = pathText(issue.path)
  if (found === undefined && issue.path.length > 0 && issue.code !== 'invalid_key')
    return [missing(issue.path, expected)]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, issue.path, schemaAt(schema, issue.path)))
    case 'invalid_key':
      return [
        {
          path: issue.path,
          part: 'key',
          message: `${JSON.stringify(String(issue.path.at(-1)))} cannot be a name.`,
          found: String(issue.path.at(-1)),
          expected: issue.issues[0]?.message ?? 'a name'
        }
      ]
    case 'invalid_type':
      return [
        {
          ...here,
          message: `${name} has the wrong type.`,
          found: show(found),
          expected,
          ...quoteFix(issue.expected, found)
        }
      ]
    case 'invalid_value': {
      const near = typeof found === 'string' ? nearest(found, issue.values.map(String)) : undefined
      return [
        {
          ...here,
          message: `${name} cannot be ${show(found)}.`,
          found: show(found),
          expected,
          ...(near === undefined ? {} : { fix: `Did you mean ${near}?` })
        }
      ]
    }
    case 'invalid_union': {
      const form = issue.errors.find((errors) => errors.every((error) => !isOtherForm(error)))
      if (form !== undefined)
        return form.flatMap((inner) =>
          mistake({ ...inner, path: [...issue.path, ...inner.path] }, value, schema)
        )
      return [{ ...here, message: `${name} cannot be ${show(found)}.`, found: show(found), expected }]
    }
    case 'invalid_format':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'too_big':
    case 'too_small':
    case 'custom':
      return [
        {
          ...here,
          message: `${name} cannot be ${show(found)}.`,
          found: show(found),
          expected: ownWords(issue.message) ?? expected
        }
      ]
  }
}

/** The value is not of this form of a union at all: another form is the one that was meant. */
function isOtherForm({ code, path }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')
}

function missing(path: readonly PropertyKey[], expected: string): Mistake {
  const key = String(path.at(-1))
  return {
    path: path.slice(0, -1),
    part: 'value',
    message: `${pathText(path)} is missing.`,
    found: `no ${key}`,
    expected,
    fix: `Add ${key}: to it.`
  }
}

function unknownKey(key: string, path: readonly PropertyKey[], schema: JsonSchema | undefined): Mistake {
  const allowed = Object.keys(mappingForm(schema ?? {}).properties ?? {})
  const near = nearest(key, allowed)
  return {
    path: [...path, key],
    part: 'key',
    message: `There is no key ${JSON.stringify(key)}${path.length === 0 ? '' : ` in ${pathText(path)}`}.`,
    found: key,
    expected: `one of ${allowed.join(', ')}`,
    fix:
      near === undefined
        ? 'Remove it: a key that does nothing would be mistaken for a rule.'
        : `Did you mean ${near}?`
  }
}

/** Messages that our own schema gives begin with "expected" or "not"; the library's own are replaced. */
function ownWords(message: string): string | undefined {
  if (message.startsWith('expected ')) return message.slice('expected '.length)
  return message.startsWith('not ') ? message.replace(/^not /, 'something else: this is not ') : undefined
}

function quoteFix(expected: string, found: unknown): { fix?: string } {
  const scalar = typeof found === 'number' || typeof found === 'boolean'
  return expected === 'string' && scalar
    ? { fix: `Put it in quotes to make it text: "${String(found)}".` }
    : {}
}

/** What a schema allows, in one phrase. */
export function describe(schema: JsonSchema | undefined): string {
  if (schema === undefined) return 'something else'
  if (schema.anyOf !== undefined) return schema.anyOf.map(describe).join(', or ')
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`
  if (schema.const !== undefined) return String(schema.const)
  switch (schema.type) {
    case 'array':
      return `a list (lines that begin with -) of ${plural(describe(schema.items))}`
    case 'object':
      return schema.properties === undefined
        ? 'a mapping of names'
        : `a mapping with ${Object.keys(schema.properties).join(', ')}`
    case 'integer':
    case 'number':
      return `a ${schema.type === 'integer' ? 'whole number' : 'number'}${range(schema)}`
    case 'boolean':
      return 'true or false'
    case 'string':
    case undefined:
  }
  return schema.pattern === undefined ? 'a text' : `a text that matches ${schema.pattern}`
}

function plural(phrase: string): string {
  return phrase.replace(/^a (text|mapping)/, '$1s').replace(' matches ', ' match ')
}

function range({ minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? '' : ` up to ${maximum}`
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}${most}`
  return minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? most : ` from ${minimum}${most}`
}

function show(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** `targets[0].kind`; `the file` for the top. */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  return text === '' ? 'The file' : text.replace(/^\./, '')
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined
    current = (current as Record<PropertyKey, unknown>)[step]
  }
  return current
}

/** The candidate that a slip of the fingers away, or undefined: at most a third of the letters may differ. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const scored = candidates
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance)
  const best = scored[0]
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.candidate.length / 3))
    ? best.candidate
    : undefined
}

/** Levenshtein distance; words of configuration are short. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= Math.min(left.length, 64); i += 1) {
    const next = [i]
    for (let j = 1; j <= right.length; j += 1)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1)
        )
      )
    row = next
  }
  return row[right.length] ?? 0
}
