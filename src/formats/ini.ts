/** Settings by key, by section; keys are as they stand there. */
export type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>

/**
 * An ini file as Python's `configparser` reads it: `key = value` or `key: value`, a deeper line continues the value,
 * `#` and `;` begin a comment at a line's start.
 *
 * @param delimiters what may stand between key and value; entry points allow `=` alone
 */
export function parseIni(text: string, delimiters: '=:' | '=' = '=:'): Ini {
  const sections = new Map<string, Map<string, string>>()
  const setting = delimiters === '=' ? /^([^=]+)=(.*)$/ : /^([^=:]+)[=:](.*)$/
  let section: Map<string, string> | undefined
  let key: string | undefined
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    if (/^\s*[#;]/.test(line)) continue
    if (line.trim() === '') {
      if (key !== undefined) section?.set(key, `${section.get(key) ?? ''}\n`)
      continue
    }
    if (/^\s/.test(line) && section !== undefined && key !== undefined) {
      section.set(key, `${section.get(key) ?? ''}\n${line.trim()}`)
      continue
    }
    const header = /^\[([^\]]+)\]/.exec(line.trim())?.[1]
    if (header !== undefined) {
      section = sections.get(header) ?? new Map<string, string>()
      sections.set(header, section)
      key = undefined
      continue
    }
    const [, name, value = ''] = setting.exec(line) ?? []
    key = name?.trim()
    if (key !== undefined && section !== undefined) section.set(key, value.trim())
  }
  return new Map(
    [...sections].map(([name, settings]) => [
      name,
      // A first line that is empty makes a value a list: it is kept.
      new Map([...settings].map(([each, value]) => [each, value.trimEnd()]))
    ])
  )
}

/** A value's lines, or what lies between its commas where it has one line: setuptools' "list-comma". */
export function listOf(value: string, separator = ','): string[] {
  const parts = value.includes('\n') ? value.split('\n') : value.split(separator)
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

/** `key = value` lines: setuptools' "dict". */
export function dictOf(value: string): [string, string][] {
  return listOf(value).flatMap((line) => {
    const cut = line.indexOf('=')
    return cut < 0 ? [] : [[line.slice(0, cut).trim(), line.slice(cut + 1).trim()]]
  })
}
