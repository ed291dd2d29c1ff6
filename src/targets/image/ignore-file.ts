const longestPattern = 256

/**
 * Whether a `.dockerignore` leaves a path out: the last line that fits counts, and a `!` takes back (Dockerfile reference,
 * ".dockerignore file"). Pure.
 *
 * @param path relative to the context, without a slash at its beginning
 */
export function ignores(text: string, path: string): boolean {
  let ignored = false
  for (const line of text.replace(/^\ufeff/, '').split('\n')) {
    const written = line.trim()
    if (written === '' || written.startsWith('#') || written.length > longestPattern) continue
    const back = written.startsWith('!')
    const pattern = written
      .slice(back ? 1 : 0)
      .trim()
      .replace(/^\/+|\/+$/g, '')
    if (
      fits(
        pattern.split('/').filter((part) => part !== '.'),
        path.split('/')
      )
    )
      ignored = !back
  }
  return ignored
}

/** A pattern fits a path and all that is below it; `**` stands for any number of folders. */
function fits(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return true
  if (first === '**') return path.some((_, at) => fits(rest, path.slice(at))) || rest.length === 0
  const [name, ...below] = path
  return name !== undefined && partFits(first, name) && fits(rest, below)
}

/** As Go's `filepath.Match`: `*`, `?` and classes, within one part. */
function partFits(pattern: string, name: string): boolean {
  const text = pattern.replace(
    /\\(.)|\[(\^?)((?:\\.|[^\]\\])+)\]|[*?]|[^*?[\\]+|[[\\]/g,
    (all, escaped: string | undefined, not: string | undefined, set: string | undefined) => {
      if (escaped !== undefined) return literal(escaped)
      if (set !== undefined) return `[${not ?? ''}${set.replace(/[[\]]/g, '\\$&')}]`
      return all === '*' ? '[^/]*' : all === '?' ? '[^/]' : literal(all)
    }
  )
  try {
    return new RegExp(`^${text}$`, 's').test(name)
  } catch {
    // BuildKit refuses such a pattern.
    return false
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
