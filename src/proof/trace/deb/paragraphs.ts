/** Fields of one paragraph by name in lower case; continuation lines keep their line ends, less the first space. */
export type Paragraph = ReadonlyMap<string, Field>

interface Field {
  name: string
  value: string
}

const largest = 4 * 2 ** 20

/**
 * Paragraphs of a control file (deb-control(5)); comments of `debian/control` are left out. Undefined where it is none:
 * a line without a field, a field twice, or too long to be one.
 */
export function parseParagraphs(bytes: Buffer): Paragraph[] | undefined {
  if (bytes.length > largest) return undefined
  const paragraphs: Map<string, Field>[] = []
  let current: Map<string, Field> | undefined
  let last: Field | undefined
  for (const line of bytes.toString('utf8').split('\n')) {
    if (line.startsWith('#')) continue
    if (/^[ \t]*$/.test(line)) {
      current = last = undefined
      continue
    }
    if (/^[ \t]/.test(line)) {
      if (last === undefined) return undefined
      last.value += `\n${line.slice(1)}`
      continue
    }
    const [, name, value] = /^([!-9;-~]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name === undefined || value === undefined) return undefined
    if (current === undefined) {
      current = new Map<string, Field>()
      paragraphs.push(current)
    }
    if (current.has(name.toLowerCase())) return undefined
    last = { name, value }
    current.set(name.toLowerCase(), last)
  }
  return paragraphs
}

/** Value of a field, or an empty text. */
export function fieldOf(paragraph: Paragraph | undefined, name: string): string {
  return paragraph?.get(name.toLowerCase())?.value ?? ''
}
