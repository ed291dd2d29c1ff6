import { invalidArchive } from './invalid.ts'

/** `METADATA` of a wheel or `PKG-INFO` of an sdist. */
export interface CoreMetadata {
  name: string
  version: string
  metadataVersion: string
  /** Values by field name in lower case, in the order of the file. */
  fields: ReadonlyMap<string, readonly string[]>
  /** What follows the empty line: the description. */
  body: string
}

/**
 * Parses core metadata (packaging.python.org, "Core metadata specifications"): header fields in the manner of
 * RFC 822, continuation lines, an empty line, the description.
 *
 * @param file name for messages
 * @throws TagproofError `archive-invalid`
 */
export function parseMetadata(bytes: Uint8Array, file = 'METADATA'): CoreMetadata {
  const text = decode(bytes, file).replace(/\r\n?/g, '\n')
  const cut = text.indexOf('\n\n')
  const head = cut < 0 ? text : text.slice(0, cut)
  const body = cut < 0 ? '' : text.slice(cut + 2)
  const fields = new Map<string, string[]>()
  let open: string[] | undefined
  head.split('\n').forEach((line, index) => {
    if (line === '') return
    if (/^[ \t]/.test(line)) {
      if (open === undefined) throw malformed(file, index, 'begins with a continuation')
      open.push(`${open.pop() ?? ''}\n${unfolded(line)}`)
      return
    }
    const colon = line.indexOf(':')
    if (!/^[A-Za-z0-9-]+$/.test(line.slice(0, Math.max(colon, 0))))
      throw malformed(file, index, 'is no "Field: value"')
    const key = line.slice(0, colon).toLowerCase()
    open = fields.get(key) ?? []
    fields.set(key, open)
    open.push(line.slice(colon + 1).trim())
  })
  return {
    name: single(fields, 'Name', file),
    version: single(fields, 'Version', file),
    metadataVersion: single(fields, 'Metadata-Version', file),
    fields,
    body
  }
}

/** The description of old metadata is indented by eight spaces, or by seven and a bar. */
function unfolded(line: string): string {
  return line.replace(/^( {7}\||\t| {8}| +)/, '')
}

function single(fields: ReadonlyMap<string, string[]>, field: string, file: string): string {
  const values = fields.get(field.toLowerCase()) ?? []
  const [value] = values
  if (value !== undefined && value !== '' && values.length === 1) return value
  throw invalidArchive(
    { format: 'wheel', path: file },
    `the field ${field} is there ${values.length} times`,
    {
      expected: 'once, with a value'
    }
  )
}

function malformed(file: string, index: number, what: string): Error {
  return invalidArchive({ format: 'wheel', path: file }, `line ${index + 1} ${what}`)
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw invalidArchive({ format: 'wheel', path: file }, 'the text is not UTF-8', { cause })
  }
}

/** A distribution name as indexes and file names compare it (PEP 503). */
export function normalizeName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase()
}
