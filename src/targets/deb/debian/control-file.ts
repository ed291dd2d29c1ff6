import { TagproofError } from '../../../platform/errors.ts'

/** A field of a stanza: its value, with continuation lines as they are, and where it begins. */
export interface ControlField {
  value: string
  /** Line of the text, from 1, of each line of the value. */
  lines: readonly number[]
}

/** Fields by their name in lower case. */
export type ControlStanza = ReadonlyMap<string, ControlField>

export interface SourceControl {
  source: ControlStanza
  binaries: readonly ControlStanza[]
}

const largestControl = 1024 * 1024

/**
 * Reads `debian/control` of a source package: one stanza for the source, one for each binary package
 * (deb-src-control(5); comments may stand anywhere, Policy 5.1).
 *
 * @param path what errors call the file
 * @throws TagproofError `config-invalid` with file and line
 */
export function parseControlFile(text: string, path: string): SourceControl {
  if (text.length > largestControl)
    throw new TagproofError('config-invalid', `${path} is too large.`, {
      found: `${text.length} characters`,
      expected: `at most ${largestControl}`,
      where: `${path}:1`
    })
  const [source, ...binaries] = stanzasOf(text, path)
  if (source?.has('source') !== true)
    throw bad(path, 1, source === undefined ? 'nothing' : 'no field Source', 'a first stanza with Source')
  if (binaries.length === 0) throw bad(path, 1, 'no binary package', 'a stanza with Package and Architecture')
  for (const stanza of binaries)
    if (!stanza.has('package') || !stanza.has('architecture'))
      throw bad(path, firstLine(stanza), 'a stanza without them', 'Package and Architecture in each stanza')
  return { source, binaries }
}

/** The one-line value of a field; null where it is missing or empty. */
export function fieldText(stanza: ControlStanza, name: string): string | null {
  const text = stanza.get(name.toLowerCase())?.value.trim() ?? ''
  return text === '' ? null : text
}

interface OpenField {
  value: string[]
  lines: number[]
}

function stanzasOf(text: string, path: string): ControlStanza[] {
  const stanzas: ControlStanza[] = []
  let current = new Map<string, OpenField>()
  let last: OpenField | undefined
  const end = (): void => {
    if (current.size > 0) stanzas.push(closed(current))
    current = new Map()
    last = undefined
  }
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const number = at + 1
    if (line.startsWith('#')) continue
    if (line.trim() === '') end()
    else if (/^[ \t]/.test(line)) {
      if (last === undefined) throw bad(path, number, 'a continuation line of no field', 'Name: value')
      last.value.push(line)
      last.lines.push(number)
    } else {
      const match = /^([!-,./-9;-~][!-9;-~]*):(.*)$/.exec(line)
      const name = match?.[1]?.toLowerCase()
      if (name === undefined) throw bad(path, number, JSON.stringify(line.slice(0, 80)), 'Name: value')
      if (current.has(name)) throw bad(path, number, `the field ${match?.[1] ?? ''} again`, 'each field once')
      last = { value: [match?.[2] ?? ''], lines: [number] }
      current.set(name, last)
    }
  }
  end()
  return stanzas
}

function closed(stanza: ReadonlyMap<string, OpenField>): ControlStanza {
  return new Map([...stanza].map(([name, { value, lines }]) => [name, { value: value.join('\n'), lines }]))
}

function firstLine(stanza: ControlStanza): number {
  return Math.min(...[...stanza.values()].map((field) => field.lines[0] ?? 1))
}

function bad(path: string, line: number, found: string, expected: string): TagproofError {
  return new TagproofError('config-invalid', `${path} cannot be read as a control file.`, {
    where: `${path}:${line}`,
    found,
    expected,
    fix: 'Correct it as deb-src-control(5) says.'
  })
}
