/** Names that become commands (entry points specification, "Data model"). */
const commandSections = ['console_scripts', 'gui_scripts']
const commandName = /^[\p{L}\p{N}_.-]+$/u

/**
 * What is wrong with `entry_points.txt`; null where nothing is. It is read as Python's strict `configparser` does, with
 * `=` as the only delimiter, and names of commands may hold no path (warehouse, `utils/wheel.py`).
 */
export function entryPointsProblem(bytes: Buffer): string | null {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return 'it is not UTF-8'
  }
  const sections = new Map<string, Set<string>>()
  let section: { name: string; options: Set<string> } | null = null
  let open = false
  let indent = 0
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const value = line.trim()
    if (value === '' || value.startsWith('#') || value.startsWith(';')) continue
    const depth = line.search(/\S/)
    if (section !== null && open && depth > indent) continue
    indent = depth
    const where = `line ${index + 1}`
    const header = /^\[(.+)\]/.exec(value)?.[1]
    if (header !== undefined) {
      if (sections.has(header)) return `${where} begins the section ${header} again`
      section = { name: header, options: new Set() }
      sections.set(header, section.options)
      open = false
      continue
    }
    if (section === null) return `${where} stands in no section`
    const option = value.slice(0, Math.max(0, value.indexOf('='))).trimEnd()
    if (option === '') return `${where} is not of the form name = object`
    if (section.options.has(option)) return `${where} states ${JSON.stringify(option)} again`
    section.options.add(option)
    open = true
  }
  return commandProblem(sections)
}

function commandProblem(sections: ReadonlyMap<string, ReadonlySet<string>>): string | null {
  for (const name of commandSections) {
    const bad = [...(sections.get(name) ?? [])].find((command) => !commandName.test(command))
    if (bad !== undefined) return `${JSON.stringify(bad)} in ${name} is no name of a command`
  }
  return null
}
