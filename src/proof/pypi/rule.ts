import type { Upload } from '../../documents/uploads.ts'
import { metadataFields } from '../../formats/python/metadata-fields.ts'
import type { Distribution } from '../../targets/python/distribution.ts'

/** What a rule looks at: the file, and what the index is told of it. */
export interface Candidate {
  distribution: Distribution
  upload: Upload
}

export interface Problem {
  /** A sentence. */
  message: string
  /** Path in the archive; by default none. */
  member?: string
  /** `warn` where the index alone can decide; by default it refuses. */
  severity?: 'warn' | 'note'
}

/** One thing for which the index refuses a file. The table of all makes the findings and their documentation. */
export interface IndexRule {
  code: string
  /** For the documentation: a message that it gives. */
  example: string
  /** What the index demands, in a sentence or two. */
  demands: string
  fix: string
  check(candidate: Candidate): Problem[]
}

type Fields = Upload['fields']

/** A rule about metadata alone. */
export interface MetadataRule extends Omit<IndexRule, 'check'> {
  check(fields: Fields): Problem[]
}

/** The values of a field, as the index reads a form: one that is empty says nothing. */
export function valuesIn(fields: Fields, name: string): string[] {
  const values = fields.filter(([field]) => field === name).map(([, value]) => value)
  return values.length === 1 && values[0] === '' ? [] : values
}

/** What is wrong with values of a field: `problem` gives the reason, or null. */
export function eachValue(
  fields: Fields,
  names: readonly string[],
  problem: (value: string) => string | null
): Problem[] {
  return names.flatMap((name) =>
    valuesIn(fields, name).flatMap((value) => {
      const found = problem(value)
      return found === null ? [] : [{ message: `${headerOf(name)} ${quoted(value)}: ${found}.` }]
    })
  )
}

/** The name of a form field as metadata spells it, such as `Requires-Dist`. */
export function headerOf(form: string): string {
  const header = metadataFields.find((field) => field.form === form)?.header ?? form
  return header.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()).replace('Url', 'URL')
}

/** A text of others on one line, not too long. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 120 ? `${value.slice(0, 117)}...` : value)
}
