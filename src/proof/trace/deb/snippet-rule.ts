const plain = '-A-Za-z0-9@._:+/~=,%'
const escaped = `\\\\[${plain} ]`
const dpkgRoot = '\\$\\{DPKG_ROOT(?::-|:\\+--root="\\$DPKG_ROOT")?\\}'
/** Nothing that a shell runs by itself or expands. In single quotes a backslash is one; a quote ends where it began. */
const word = `(?:[${plain}]|${escaped}|'[${plain} \\\\]*'|${dpkgRoot})`
/** A line ends only after a backslash. */
const words = `(?:${word}|[ \\t]|\\\\\\n)*`
const quoted = `(?:[${plain}' ]|${escaped})*`
const fonts = `update-fonts-(?:scale|dir|alias)(?: ${word}+)*`
/** What dh_installxfonts and dh_installinit write: theirs by name, and the name of a function of the script. */
const command = `(?:${fonts}(?:;${fonts})*|exit (?:[01]|\\$\\?)|:|[A-Za-z_][A-Za-z0-9_]*)`
/** A folder with mode and owners, of dh_usrlocal. */
const folder = '/usr/local/[-A-Za-z0-9@._+/~]+(?: [a-z0-9_-]+){0,3}'
const folders = `(?:${folder}(?:\\n${folder})*)?`

/**
 * What may take the place of a `#NAME#` in a snippet: arguments. Where the shell takes a word for a command, only what
 * debhelper is known to write; where it takes one for a value, one word, for what follows a value is a command.
 *
 * @param before text of the snippet before it
 */
export function parameterRule(before: string): string {
  const line = before.slice(before.lastIndexOf('\n') + 1)
  if (line === '' && /<< ?[A-Z]+\n$/.test(before)) return folders
  if ((line.match(/(?<!\\)"/g) ?? []).length % 2 === 1) return quoted
  if (/^\s*[A-Za-z_][A-Za-z0-9_]*=\S*$/.test(line)) return `${word}*`
  if (/(^|[;&|({!`]|\b(then|do|else|elif|if|while|until|exec|eval|command))\s*$/.test(line)) return command
  return words
}
