/**
 * `NAME=value` lines and `NAME<<DELIMITER` blocks of GITHUB_OUTPUT, GITHUB_ENV and GITHUB_STATE, as the runner reads
 * them (FileCommandManager.cs, EnvFileKeyValuePairs).
 *
 * @throws Error with the runner's own words where it would fail the step
 */
export function parseFileCommands(text: string): Map<string, string> {
  const values = new Map<string, string>()
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    if (line === '') continue
    const equals = line.indexOf('=')
    const block = line.indexOf('<<')
    if (equals >= 0 && (block < 0 || equals < block)) {
      values.set(line.slice(0, equals), line.slice(equals + 1))
      continue
    }
    if (block < 0) throw new Error(`Invalid format '${line}'`)
    const name = line.slice(0, block)
    const delimiter = line.slice(block + 2)
    if (name === '' || delimiter === '')
      throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`)
    const end = lines.indexOf(delimiter, index + 1)
    if (end < 0) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`)
    values.set(name, lines.slice(index + 1, end).join('\n'))
    index = end
  }
  return values
}
