import { asTable, asText } from './toml-values.ts'
import type { Person } from './statement.ts'

/** `{name, email}` tables of PEP 621. */
export function peopleOf(value: unknown): Person[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  return list.map((item) => {
    if (typeof item === 'string') return parseAddresses(item)[0] ?? { name: item, email: null }
    const { name, email } = asTable(item)
    return { name: asText(name)?.trim() ?? null, email: asText(email)?.trim() ?? null }
  })
}

/** A list of mail addresses in the manner of RFC 5322: `a@b.c`, `Name <a@b.c>`, `"Last, First" <a@b.c>`. */
export function parseAddresses(text: string): Person[] {
  const parts = text.slice(0, 100_000).match(/(?:"(?:[^"\\]|\\.)*"|[^",]|")+/gs) ?? []
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const open = part.lastIndexOf('<')
      if (open < 0 || !part.endsWith('>')) return part.includes('@') ? person(null, part) : person(part, null)
      return person(part.slice(0, open), part.slice(open + 1, -1))
    })
}

function person(name: string | null, email: string | null): Person {
  const plain = name
    ?.trim()
    .replace(/^"(.*)"$/s, '$1')
    .replace(/\\(.)/gs, '$1')
    .trim()
  return { name: plain === undefined || plain === '' ? null : plain, email: email?.trim() ?? null }
}

/**
 * Whether a field of names or addresses, such as `Author` or `Author-email`, says nothing that was not stated.
 * Backends differ in which of several people they print, and in whether a name goes with its address.
 */
export function sayNoOther(text: string, people: readonly Person[]): boolean {
  const known = people.flatMap(({ name, email }) => [name, email]).filter((each) => each !== null)
  return onlyThese(text, known)
}

/** Takes the known texts out, the longest first: nothing but separators may be left. */
function onlyThese(text: string, known: readonly string[]): boolean {
  let rest = squeezed(text)
  const longest = [...new Set(known.map(squeezed))]
    .filter((each) => each !== '')
    .sort((one, other) => other.length - one.length)
  for (const each of longest) rest = rest.split(each).join('\0')
  return /^[\s\0,;<>"&()]*$/.test(rest.replace(/\band\b/g, ''))
}

function squeezed(text: string): string {
  const plain = text.normalize('NFC').replace(/\\(.)/gs, '$1')
  return plain.replace(/\s+/g, ' ').trim()
}
