import { invalidArchive } from './invalid.ts'

/** `DEBIAN/control` of a deb. */
export interface DebControl {
  name: string
  version: string
  architecture: string
  /** Values by field name in lower case, as they stand after the colon; lines of a value are joined by newlines. */
  fields: ReadonlyMap<string, string>
}

/** deb-control(5), Debian policy 5.6: what names and versions may be made of. */
const packageName = /^[a-z0-9][a-z0-9+.-]+$/
const packageVersion = /^(?:[0-9]+:)?[0-9][A-Za-z0-9.+~:-]*$/
const architectureName = /^[a-z0-9][a-z0-9-]*$/

const fail = (problem: string): Error => invalidArchive({ format: 'deb', path: 'DEBIAN/control' }, problem)

/**
 * Reads the one stanza of a binary package (deb822(5)): `Field: value` and lines that begin with a space or tab go on
 * with it. UTF-8, no carriage returns or other control characters, no field twice, no comment, no second stanza;
 * Package, Version and Architecture are there and usable.
 *
 * @throws TagproofError `archive-invalid`
 */
export function parseControl(bytes: Uint8Array): DebControl {
  const fields = parseStanza(decode(bytes))
  const needed = (field: string, form: RegExp): string => {
    const value = fields.get(field.toLowerCase())
    if (value === undefined) throw fail(`the field ${field} is missing`)
    if (!form.test(value)) throw fail(`the field ${field} is ${JSON.stringify(value.slice(0, 200))}`)
    return value
  }
  return {
    name: needed('Package', packageName),
    version: needed('Version', packageVersion),
    architecture: needed('Architecture', architectureName),
    fields
  }
}

function parseStanza(text: string): Map<string, string> {
  if (!text.endsWith('\n')) throw fail('the last line has no end')
  // dpkg passes over empty lines at the end.
  const lines = text.replace(/\n+$/, '').split('\n')
  const fields = new Map<string, string>()
  let open: string | undefined
  for (const [index, line] of lines.entries()) {
    const at = `line ${index + 1}`
    if (/^[ \t]/.test(line)) {
      if (open === undefined) throw fail(`${at} goes on with no field`)
      if (line.trim() === '') throw fail(`${at} is empty but for white space, where readers part`)
      fields.set(open, `${fields.get(open) ?? ''}\n${line}`)
      continue
    }
    if (line === '') throw fail(`${at} is empty: a second stanza would follow`)
    const [, name, value = ''] = /^([!-9;-~]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name === undefined || /^[#-]/.test(name)) throw fail(`${at} is no field`)
    open = name.toLowerCase()
    if (fields.has(open)) throw fail(`the field ${name} appears twice`)
    fields.set(open, value)
  }
  return fields
}

function decode(bytes: Uint8Array): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw invalidArchive({ format: 'deb', path: 'DEBIAN/control' }, 'the text is not UTF-8', { cause })
  }
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u0008\u000b-\u001f\u007f\ufeff]/.test(text)) throw fail('the text holds a control character')
  return text
}

/**
 * Checks that a file's name says what its control file does: `NAME_VERSION_ARCHITECTURE.deb`, the version without its
 * epoch as dpkg-deb names files, or with it, its colon as `%3a`, as apt does. Names of other forms are not looked at.
 *
 * @throws TagproofError `archive-invalid`
 */
export function checkDebName(file: string, { name, version, architecture }: DebControl): void {
  if (!file.endsWith('.deb')) return
  const plain = version.replace(/^[0-9]+:/, '')
  const expected = [plain, version.replace(/:/g, '%3a')].map((text) => `${name}_${text}_${architecture}.deb`)
  if (expected.includes(file)) return
  throw invalidArchive({ format: 'deb' }, 'the file name does not say what DEBIAN/control does', {
    found: file,
    expected: expected[0] ?? ''
  })
}
