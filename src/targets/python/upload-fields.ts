import type { CoreMetadata } from '../../formats/metadata.ts'
import { metadataFields, metadataAge, type MetadataField } from '../../formats/python/metadata-fields.ts'

/**
 * Core metadata as fields of the upload form ("Legacy upload API", docs of the index): names in lower case with `_`, a
 * name again for each value, keywords as one text. A field that does not exist in the stated version of the metadata is
 * left out where setuptools wrote it before it existed (License-File), as `twine` does; all else is told as it stands in
 * the file, mistakes too. `requires_python` is always there: some indexes demand it, empty if need be.
 */
export function formFields(metadata: CoreMetadata): [string, string][] {
  return metadataFields.flatMap((field) =>
    valuesOf(field, metadata).map((value): [string, string] => [field.form, value])
  )
}

function valuesOf({ header, form, added }: MetadataField, metadata: CoreMetadata): string[] {
  const values = metadata.fields.get(header) ?? []
  if (header === 'description') return descriptionOf(values, metadata.body)
  if (header === 'license-file' && metadataAge(metadata.metadataVersion) < metadataAge(added)) return []
  if (header === 'keywords') return nonEmpty(values.map(joinedKeywords))
  if (header === 'project-url') return nonEmpty(values.map(labelAndUrl))
  if (header === 'requires-python' && values.length === 0) return ['']
  return form === 'requires_python' ? [...values] : nonEmpty(values)
}

/** An empty field says nothing, and the index reads it so; among others it is a mistake. */
function nonEmpty(values: readonly string[]): string[] {
  return values.length === 1 && values[0] === '' ? [] : [...values]
}

/** In the header, as old metadata has it, or in the body; said twice it is a mistake that the index is to see. */
function descriptionOf(values: readonly string[], body: string): string[] {
  return [...nonEmpty(values), ...(body === '' ? [] : [body])]
}

function joinedKeywords(value: string): string {
  return value
    .split(',')
    .map((word) => word.trim())
    .join(', ')
}

function labelAndUrl(value: string): string {
  const comma = value.indexOf(',')
  const [label, url] = comma < 0 ? [value, ''] : [value.slice(0, comma), value.slice(comma + 1)]
  return `${label.trim()}, ${url.trim()}`
}
