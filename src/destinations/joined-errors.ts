import { TagproofError } from '../platform/errors.ts'

/** Throws the first of these, with the others below it, so that whoever mends sees all at once; nothing for none. */
export function throwAll([first, ...others]: readonly TagproofError[]): void {
  if (first === undefined) return
  if (others.length === 0) throw first
  const output = [
    first.detail.output ?? '',
    ...others.map(({ code, message, detail }) => `${code}: ${message} Fix: ${detail.fix ?? ''}`)
  ]
  throw new TagproofError(first.code, first.message, {
    ...first.detail,
    output: output.filter((text) => text !== '').join('\n')
  })
}
