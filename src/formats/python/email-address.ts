/** Names that no mail is delivered to (RFC 6761 and others), as `email-validator` has them. */
const specialUse = ['arpa', 'invalid', 'local', 'localhost', 'onion', 'test']

/** Longer than this it is a list of many. */
const longestField = 2000

const atom = "[A-Za-z0-9_!#$%&'*+\\-/=?^`{|}~\\u0080-\\u{10ffff}]+"
const localPart = new RegExp(`^${atom}(?:\\.${atom})*$`, 'u')
const domainLabel = /^(?:[a-z0-9\u0080-\u{10ffff}][a-z0-9\u0080-\u{10ffff}-]*)?[a-z0-9\u0080-\u{10ffff}]$/iu

/**
 * What is wrong with Author-email or Maintainer-email where it holds one address (RFC 822 form, `Name <address>`); the
 * index looks at no list of several. The rules are those of `email-validator`, which it asks: a dotted name before the @
 * (in no quotes), a domain with a dot behind it, none that no mail is delivered to.
 */
export function emailProblem(field: string): string | null {
  if (field.length > longestField) return null
  const address = onlyAddress(field)
  if (address === null || address === '') return null
  const at = address.lastIndexOf('@')
  const shown = JSON.stringify(address.slice(0, 100))
  if (at < 0) return `${shown} has no @`
  const [name, domain] = [address.slice(0, at), address.slice(at + 1)]
  // Python's parser takes it for no address at all, or for several.
  if (domain === '' || name.includes('@')) return null
  if (!localPart.test(name)) return `${shown} has before its @ what no mailbox is called`
  const labels = domain.split('.')
  const wellFormed = labels.every((label) => domainLabel.test(label) && label.length <= 63)
  if (!wellFormed || labels.some((label) => /^(?!xn)..--/i.test(label)) || address.length > 254)
    return `${shown} has behind its @ what is no domain`
  if (labels.length < 2 || !/[a-z\u0080-\u{10ffff}]$/iu.test(domain))
    return `${shown} has behind its @ no full domain`
  const last = labels.at(-1)?.toLowerCase() ?? ''
  return specialUse.includes(last)
    ? `${shown} is in the domain .${last}, which no mail is delivered to`
    : null
}

/** The address of a field that holds one; null for several, or for what is no list of addresses. */
function onlyAddress(field: string): string | null {
  // Names in quotes and remarks in brackets may hold anything.
  const plain = field
    .replace(/"(?:[^"\\]|\\.)*"/g, (quoted, at: number) => (field[at + quoted.length] === '@' ? quoted : ' '))
    .replace(/\([^()]*\)/g, ' ')
  if (/[,;:]/.test(plain)) return null
  const [, enclosed, after] = /<([^<>]*)>(.*)$/s.exec(plain) ?? []
  if (enclosed === undefined) return /[<>]/.test(plain) ? null : plain.trim()
  return after?.trim() === '' ? enclosed.trim() : null
}
