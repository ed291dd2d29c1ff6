/**
 * Whether a path matches one of the globs. `*` and `?` stay within one part, `**` spans parts, `[a-z]` and
 * `{a,b}` work as in gitignore and shells; a glob that names a folder means everything below it.
 */
export function globMatcher(globs: readonly string[]): (path: string) => boolean {
  const forms = globs.map((glob) => globExpression(glob))
  return (path) => forms.some((form) => form.test(path))
}

function globExpression(glob: string): RegExp {
  const body = glob
    .replace(/^\.?\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\*\*\/|\/\*\*$|\*\*|\*|\?|\[[!^]?[^\]/]+\]|\{[^{}]*\}|[^*?[{]|./gs, translated)
  return new RegExp(`^${body}(?:/.*)?$`, 's')
}

function translated(token: string): string {
  if (token === '**/') return '(?:.*/)?'
  if (token === '/**') return '/.*'
  if (token === '**') return '.*'
  if (token === '*') return '[^/]*'
  if (token === '?') return '[^/]'
  if (token.length > 2 && token.startsWith('['))
    return `[${token
      .slice(1, -1)
      .replace(/^[!^]/, '^')
      .replace(/[\\\]]/g, '\\$&')}]`
  if (token.length > 1 && token.startsWith('{'))
    return `(?:${token
      .slice(1, -1)
      .split(',')
      .map((part) => globBody(part))
      .join('|')})`
  return token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function globBody(part: string): string {
  return part.replace(/\*\*\/|\*\*|\*|\?|./gs, translated)
}
