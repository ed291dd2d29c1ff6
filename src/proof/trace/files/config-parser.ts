/** Options by name, by section, in the order of the file. */
export type Sections = Map<string, Map<string, string>>

/**
 * Reads an ini file exactly as Python's `RawConfigParser` does with its defaults and `optionxform` left out, as
 * setuptools uses it to edit `setup.cfg` (Lib/configparser.py, `_read`). Undefined where it would refuse the file, or
 * where it uses what this reader leaves out (`[DEFAULT]`, options without a value).
 */
export function readSections(text: string): Sections | undefined {
  const sections: Sections = new Map()
  const values = new Map<string, Map<string, string[]>>()
  let section: Map<string, string[]> | undefined
  let option: string[] | undefined
  let indent = 0
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const value = /^\s*[#;]/.test(line) ? '' : line.trim()
    if (value === '') {
      // A comment within a value is dropped; an empty line belongs to it.
      if (line.trim() === '') option?.push('')
      continue
    }
    const depth = line.length - line.trimStart().length
    if (section !== undefined && option !== undefined && depth > indent) {
      option.push(value)
      continue
    }
    indent = depth
    const header = /^\[(.+)\]/.exec(value)?.[1]
    if (header !== undefined) {
      if (header === 'DEFAULT' || values.has(header)) return undefined
      section = new Map()
      values.set(header, section)
      option = undefined
      continue
    }
    const cut = value.search(/[=:]/)
    const name = value.slice(0, Math.max(cut, 0)).trimEnd()
    if (section === undefined || name === '' || section.has(name)) return undefined
    option = [value.slice(cut + 1).trim()]
    section.set(name, option)
  }
  for (const [name, options] of values)
    sections.set(name, new Map([...options].map(([key, lines]) => [key, lines.join('\n').trimEnd()])))
  return sections
}

/** Writes sections as `RawConfigParser.write` does. */
export function writeSections(sections: Sections): string {
  return [...sections]
    .map(([name, options]) => {
      const lines = [...options].map(([key, value]) => `${key} = ${value.replaceAll('\n', '\n\t')}\n`)
      return `[${name}]\n${lines.join('')}\n`
    })
    .join('')
}
