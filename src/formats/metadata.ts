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
 * RFC 822, continuation lines, an empty line, the description. A line that is no field ends the fields, too, and
 * belongs to the description: so reads Python's `email`, which the specification names, and old setuptools wrote
 * licences of several lines as they were.
 *
 * @param file name for messages
 * @throws TagproofError `archive-invalid`
 */
export function parseMetadata(bytes: Uint8Array, file = 'METADATA'): CoreMetadata {
  const lines = decode(bytes, file).replace(/\r\n?/g, '\n').split('\n')
  const fields = new Map<string, string[]>()
  let open: string[] | undefined
  let at = 0
  for (; at < lines.length && lines[at] !== ''; at += 1) {
    const line = lines[at] ?? ''
    if (/^[ \t]/.test(line)) {
      if (open === undefined) throw malformed(file, at, 'begins with a continuation')
      open.push(`${open.pop() ?? ''}\n${unfolded(line)}`)
      continue
    }
    // Python passes over an envelope line, and goes on with the fields.
    if (line.startsWith('From ')) throw malformed(file, at, 'begins with "From "')
    const name = /^([!-9;-~]*):/.exec(line)?.[1]
    if (name === undefined) break
    if (!/^[A-Za-z0-9-]+$/.test(name)) throw malformed(file, at, 'names a field in characters that none has')
    open = fields.get(name.toLowerCase()) ?? []
    fields.set(name.toLowerCase(), open)
    open.push(line.slice(name.length + 1).trim())
  }
  return {
    name: single(fields, 'Name', file),
    version: single(fields, 'Version', file),
    metadataVersion: single(fields, 'Metadata-Version', file),
    fields,
    body: lines.slice(lines[at] === '' ? at + 1 : at).join('\n')
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
