/** What a value of Python is when a template shows it. */
export type PythonValue = string | number | null | readonly (string | number)[]

/**
 * `repr` of Python for the few kinds of values that version files hold; undefined for a text whose quoting would
 * need more rules than a version can meet.
 */
export function pythonRepr(value: PythonValue): string | undefined {
  if (value === null) return 'None'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string')
    return /^[\x20-\x7e]*$/.test(value) && !/['\\]/.test(value) ? `'${value}'` : undefined
  const parts = value.map((part) => pythonRepr(part))
  if (parts.includes(undefined)) return undefined
  return parts.length === 1 ? `(${parts.join('')},)` : `(${parts.join(', ')})`
}

/**
 * `str.format` of Python with plain fields, `!r` and `!s` (library reference, "Format String Syntax"). Undefined for
 * anything else, such as indexes or format specifications: then nothing is claimed about what it gives.
 *
 * @param fields values by field name as it stands between the braces, such as `scm_version.short_node`
 */
export function pythonFormat(template: string, fields: ReadonlyMap<string, PythonValue>): string | undefined {
  let result = ''
  for (const [token] of template.matchAll(/\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g)) {
    if (token === '{{' || token === '}}') result += token.charAt(0)
    else if (!/^[{}]/.test(token)) result += token
    else {
      const [, name, conversion] = /^\{([\w.]*)(![rs])?\}$/.exec(token) ?? []
      const value = name === undefined ? undefined : fields.get(name)
      if (value === undefined) return undefined
      const shown = typeof value === 'string' && conversion !== '!r' ? value : pythonRepr(value)
      if (shown === undefined) return undefined
      result += shown
    }
  }
  return result
}

/** A literal of Python in quotes, `r` or not, on one line or several; its value, or undefined where it has escapes. */
export function pythonString(source: string): string | undefined {
  const [, raw, , body] = /^([rR]?)("""|'''|"|')([\s\S]*)\2$/.exec(source) ?? []
  if (body === undefined) return undefined
  if (raw !== '') return body
  const parts: string[] = []
  for (const [token] of body.matchAll(/[^\\]+|\\[\s\S]/g)) {
    const part = token.startsWith('\\') ? plainEscapes[token.slice(1)] : token
    if (part === undefined) return undefined
    parts.push(part)
  }
  return parts.join('')
}

const plainEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  '\\': '\\',
  '"': '"',
  "'": "'",
  '\n': ''
}
