import { invalidArchive } from '../invalid.ts'

/** Registries take manifests of at least this size, and few take more (distribution specification, "Pushing manifests"). */
export const largestJson = 4 * 2 ** 20
const deepest = 32

export type JsonObject = Record<string, unknown>

/**
 * Reads a document of an image strictly: UTF-8, one object, whole numbers, no lone surrogates, no key twice. (Keys that
 * differ only in case are {@link checkKeys}' matter: in a map of labels they are honest.)
 *
 * @param name of the document, for messages
 * @throws TagproofError `archive-invalid`
 */
export function parseStrictJson(bytes: Buffer, name: string): JsonObject {
  const fail = (problem: string): never => {
    throw invalidArchive({ format: 'image', path: name }, problem)
  }
  if (bytes.length > largestJson) return fail(`the document is larger than ${largestJson} bytes`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return fail('the document is not UTF-8')
  }
  // JSON.parse first: what follows may then trust the grammar.
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalidArchive({ format: 'image', path: name }, 'the document is not JSON', { cause })
  }
  scan(text, fail)
  return isObject(value) ? value : fail('the document is no JSON object')
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const token = /[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/gs

/** Looks at each token of valid JSON: keys by object, numbers, surrogates, depth. */
function scan(text: string, fail: (problem: string) => never): void {
  const open: (Set<string> | null)[] = []
  let key = false
  for (const [part] of text.matchAll(token)) {
    const keys = open.at(-1)
    if (part === '{' || part === '[') {
      open.push(part === '{' ? new Set() : null)
      if (open.length > deepest) fail(`the document is nested deeper than ${deepest}`)
      key = part === '{'
    } else if (part === '}' || part === ']') {
      open.pop()
      key = false
    } else if (part === ',') key = keys instanceof Set
    else if (part === ':') key = false
    else if (part.startsWith('"')) {
      const string = JSON.parse(part) as string
      if (/\p{Surrogate}/u.test(string)) fail('a text holds half a character')
      if (key && keys instanceof Set) {
        if (keys.has(string)) fail(`the key ${JSON.stringify(string.slice(0, 100))} appears twice`)
        keys.add(string)
      }
    } else if (/^[-0-9]/.test(part) && !/^-?[0-9]{1,15}$/.test(part))
      fail(`the number ${part.slice(0, 40)} is no whole number of at most 15 digits`)
  }
}

/**
 * Checks the keys of an object that stands for a structure: each is one of those that are known. A key that is a known
 * one but for its case is refused always, since Go's decoder takes it for the same field; another unknown key only
 * where `closed`.
 */
export function checkKeys(
  object: JsonObject,
  known: readonly string[],
  { closed, fail }: { closed: boolean; fail: (problem: string) => never }
): void {
  const folded = new Set(known.map(fold))
  for (const key of Object.keys(object)) {
    if (known.includes(key)) continue
    const shown = JSON.stringify(key.slice(0, 100))
    if (folded.has(fold(key))) fail(`the key ${shown} is a known one in another case`)
    if (closed) fail(`the key ${shown} is not known`)
  }
}

/** As Go folds the names of fields (`encoding/json`). */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase()
}
