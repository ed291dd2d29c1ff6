/**
 * Foreign text in Markdown (CommonMark and GitHub's tables): nothing in it becomes a link, an image, HTML, a
 * mention, a heading or a new cell, and control characters are gone.
 */
export function text(value: string): string {
  return oneLine(value)
    .replace(/[\\`*_[\]#|~<>&@]/g, (character) =>
      character === '&' || character === '<' || character === '>' || character === '@'
        ? `&#${character.charCodeAt(0)};`
        : `\\${character}`
    )
    .replace(/:\/\//g, ':&#8203;//')
}

/** Foreign text as code. The fence is longer than any run of backticks inside (CommonMark 6.1). */
export function code(value: string): string {
  const line = oneLine(value).replaceAll('|', '\\|')
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map((run) => run[0].length))
  const fence = '`'.repeat(longest + 1)
  const pad = line.startsWith('`') || line.endsWith('`') || line === '' ? ' ' : ''
  return `${fence}${pad}${line}${pad}${fence}`
}

/** A table; the cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** Text as a block of code, lines as they are; the fence is longer than any run of backticks inside (CommonMark 4.5). */
export function block(value: string, language = ''): string {
  const longest = Math.max(2, ...[...value.matchAll(/`+/g)].map((run) => run[0].length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${value.trimEnd()}\n${fence}`
}

function oneLine(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
}
