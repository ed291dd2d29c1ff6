import { tokens } from '../tell-tales.ts'

/** The words that stand elsewhere, if both texts consist of the same words. */
export function reordered(a: Buffer, b: Buffer, text: boolean): string[] | undefined {
  if (!text || a.equals(b)) return undefined
  const one = tokens(a.toString('utf8'))
  const other = tokens(b.toString('utf8'))
  if (one.length !== other.length) return undefined
  const [left, right] = [[...one].sort(), [...other].sort()]
  return left.every((token, at) => token === right[at])
    ? one.filter((token, at) => token !== other[at])
    : undefined
}

/** The first words in which two lines part. */
export function partingTokens(a: string, b: string): [string, string] {
  const one = tokens(a)
  const other = tokens(b)
  const at = one.findIndex((token, index) => token !== other[index])
  return [one[at] ?? '', other[at] ?? '']
}

/** A line with each whole word `from` replaced. */
export function swapped(line: string, from: string, to: string): string {
  return line
    .split(/(\b)/)
    .map((part) => (part === from ? to : part))
    .join('')
}
