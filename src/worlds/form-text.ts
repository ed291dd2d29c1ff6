import { lettersOf } from './form-pictures.ts'
import { isBinary } from '../source/opaque.ts'
import type { FormMaker } from './scramble-forms.ts'

/** JSON that shows of the original but its size and whether it is a list: lengths and names could carry anything. */
export const json: FormMaker = (bytes, { noise }) => {
  const first = bytes.toString('latin1', 0, 256).trimStart().charAt(0)
  if ((first !== '{' && first !== '[') || !isJson(bytes)) return undefined
  const [before, after] = first === '[' ? ['["', '"]\n'] : ['{"scrambled":"', '"}\n']
  return around(before, after, bytes.length, noise('json'))
}

function isJson(bytes: Buffer): boolean {
  if (isBinary(bytes)) return false
  try {
    JSON.parse(bytes.toString('utf8'))
    return true
  } catch {
    return false
  }
}

/** Roots that a reader may insist on. */
const roots: Readonly<Record<string, string>> = {
  svg: '<svg xmlns="http://www.w3.org/2000/svg"><title>',
  html: '<html xmlns="http://www.w3.org/1999/xhtml"><title>'
}
const rootElement =
  /^(?:\ufeff)?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!(?:--|DOCTYPE)[^>]{0,500}>\s*)*<([A-Za-z]{1,40})/

/** XML with one element of text; its root is kept where it is one of the few that are known. */
export const xml: FormMaker = (bytes, { noise }) => {
  const head = bytes.toString('utf8', 0, 4096)
  if (!/^(?:\ufeff)?\s*<(\?xml|svg)/.test(head) || isBinary(bytes)) return undefined
  const root = rootElement.exec(head)?.[1] ?? ''
  const known = roots[root]
  return known === undefined
    ? around('<x>', '</x>\n', bytes.length, noise('xml'))
    : around(known, `</title></${root}>\n`, bytes.length, noise('xml'))
}

function around(
  before: string,
  after: string,
  size: number,
  next: (size: number) => Buffer
): Buffer | undefined {
  const room = size - before.length - after.length
  if (room < 0) return undefined
  return Buffer.concat([Buffer.from(before), lettersOf(next(room)), Buffer.from(after)])
}
