import { parseMetadata, type CoreMetadata } from '../../../formats/metadata.ts'
import { asTagproofError } from '../../../platform/errors.ts'

/** Core metadata as it is compared: old backends write `UNKNOWN` for what a project does not state. */
export interface ComparedMetadata {
  /** Values by field name in lower case. */
  fields: ReadonlyMap<string, readonly string[]>
  /** Of the body or of the field; empty where there is none. */
  description: string
  metadataVersion: string
}

/** @returns the reason why it cannot be read, where it cannot */
export function readComparedMetadata(bytes: Buffer, file: string): ComparedMetadata | { invalid: string } {
  let metadata: CoreMetadata
  try {
    metadata = parseMetadata(bytes, file)
  } catch (thrown) {
    return { invalid: asTagproofError(thrown).message }
  }
  const fields = new Map<string, readonly string[]>()
  for (const [field, values] of metadata.fields) {
    const known = values.filter((value) => value !== 'UNKNOWN' && value !== '')
    if (field !== 'description' && known.length > 0) fields.set(field, known)
  }
  const header = metadata.fields.get('description')?.join('\n') ?? ''
  // Where both are there, neither is what was stated.
  const description = [header, metadata.body].filter((text) => text.trim() !== '').join('\n')
  return {
    fields,
    description: description.trim() === 'UNKNOWN' ? '' : plainText(description),
    metadataVersion: metadata.metadataVersion
  }
}

/** A long text whatever its line ends, and the white space at the ends of lines. */
export function plainText(text: string): string {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|[\r\n\f\v\x85\u2028\u2029]/)
    .map((line) => line.trimEnd())
    .join('\n')
    .trim()
}

/** A text in one line, as backends fold it. */
export function squeezed(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
