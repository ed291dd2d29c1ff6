/** A translation of a `.po` file. */
export interface Translation {
  /** Key as `.mo` files have it: context and `\x04` before the message, if there is a context. */
  key: string
  /** The plural form of the message; null for a message without. */
  plural: string | null
  /** One text, or one per plural form. */
  texts: readonly string[]
  fuzzy: boolean
}

type Field = 'msgctxt' | 'msgid' | 'msgid_plural' | 'msgstr'

interface Entry {
  fuzzy: boolean
  parts: Map<Field, string>
  texts: Map<number, string>
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
  "'": "'",
  '?': '?'
}

/**
 * Reads a `.po` file (GNU gettext manual, "The Format of PO Files"): what is obsolete (`#~`) is left out, the last of
 * two entries with one key counts. Undefined for a text that is no `.po` file.
 */
export function parseCatalogue(bytes: Buffer): Translation[] | undefined {
  const text = decoded(bytes)
  if (text === undefined) return undefined
  const found = new Map<string, Translation>()
  let entry = emptyEntry()
  let place: { field: Field; index: number } | undefined
  const finish = (): void => {
    const id = entry.parts.get('msgid')
    if (id !== undefined && entry.texts.size > 0) {
      const context = entry.parts.get('msgctxt')
      const key = context === undefined ? id : `${context}\x04${id}`
      const texts = [...entry.texts].sort(([a], [b]) => a - b).map(([, value]) => value)
      found.set(key, { key, plural: entry.parts.get('msgid_plural') ?? null, texts, fuzzy: entry.fuzzy })
    }
    entry = emptyEntry()
    place = undefined
  }
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) {
      // A comment after a translation belongs to the next entry.
      if (entry.texts.size > 0) finish()
      if (line.startsWith('#,') && /[,\s]fuzzy\s*(,|$)/.test(line)) entry.fuzzy = true
      continue
    }
    const [, keyword, index, literal = ''] =
      /^(?:(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d{1,2})\])?\s*)?"([\s\S]*)"$/.exec(line) ?? [line]
    const value = unescaped(literal)
    if (value === undefined) return undefined
    if (keyword !== undefined) {
      if ((keyword === 'msgctxt' || keyword === 'msgid') && entry.texts.size > 0) finish()
      place = { field: keyword as Field, index: Number(index ?? 0) }
      if (place.field !== 'msgstr') entry.parts.set(place.field, '')
      else if (entry.parts.has('msgid')) entry.texts.set(place.index, '')
      else return undefined
    } else if (!line.startsWith('"') || place === undefined) return undefined
    if (place.field === 'msgstr') entry.texts.set(place.index, (entry.texts.get(place.index) ?? '') + value)
    else entry.parts.set(place.field, (entry.parts.get(place.field) ?? '') + value)
  }
  finish()
  return [...found.values()]
}

function emptyEntry(): Entry {
  return { fuzzy: false, parts: new Map(), texts: new Map() }
}

/** Undefined for an unknown escape, or a quote that is not escaped. */
function unescaped(literal: string): string | undefined {
  if (!literal.includes('\\')) return literal.includes('"') ? undefined : literal
  const parts: string[] = []
  for (const [token] of literal.matchAll(/[^\\"]+|\\x[0-9a-fA-F]{1,2}|\\[0-7]{1,3}|\\[\s\S]|["\\]/g)) {
    const part = token.startsWith('\\') || token === '"' ? escapedCharacter(token) : token
    if (part === undefined) return undefined
    parts.push(part)
  }
  return parts.join('')
}

function escapedCharacter(token: string): string | undefined {
  const code = token.slice(1)
  if (/^x./.test(code)) return String.fromCharCode(parseInt(code.slice(1), 16))
  if (/^[0-7]/.test(code)) return String.fromCharCode(parseInt(code, 8))
  return escapes[code]
}

/** The text, in the character set that the header names; UTF-8 where it names none. */
function decoded(bytes: Buffer): string | undefined {
  const label = charsetOf(bytes.subarray(0, 64 * 1024).toString('latin1'))
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes)
  } catch {
    // An unknown character set, or bytes that are none of it: it is not known what a compiler makes of that.
    return undefined
  }
}

/** The character set that a header (`Content-Type: text/plain; charset=UTF-8`) names. */
export function charsetOf(text: string): string {
  const label = /content-type:[^\n]{0,200}?charset=([\w.:-]+)/i.exec(text)?.[1]?.toLowerCase() ?? 'utf-8'
  return label === 'charset' || label === 'ascii' ? 'utf-8' : label
}
