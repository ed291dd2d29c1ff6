import type { FormMaker } from './scramble-forms.ts'

/** The header of a `.npy` file (NumPy enhancement proposal 1): one dictionary, in NumPy's own spelling. */
const header =
  /^\{'descr': '([<>|=][a-zA-Z][0-9]{1,4})', 'fortran_order': (True|False), 'shape': \(((?:[0-9]{1,12}, ?)*[0-9]{0,12})\), ?\} *\n$/

const mostLengths = 16

/** An array of the same type and shape with other numbers; the header is written anew, so that blanks carry nothing. */
export const array: FormMaker = (bytes, { noise }) => {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY') return undefined
  const wide = bytes[6] !== 1
  const begin = wide ? 12 : 10
  const length = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8)
  const match = header.exec(bytes.toString('latin1', begin, begin + length))
  if (match === null || length > 65_536) return undefined
  const [, kind = '', order = '', shape = ''] = match
  const lengths = (shape.match(/[0-9]+/g) ?? []).map(Number)
  const size = bytes.length - begin - length
  // Of another size the shape would be free to say anything.
  if (lengths.reduce((product, next) => product * next, itemSize(kind)) !== size || size === 0)
    return undefined
  const tuple = lengths.length === 1 ? `${lengths.join()},` : lengths.join(', ')
  const text = `{'descr': '${kind}', 'fortran_order': ${order}, 'shape': (${tuple}), }`
  if (text.length >= length || lengths.length > mostLengths) return undefined
  const data = noise('numbers')(size)
  // Floating-point numbers between 0 and 2, so that a build can reckon with them.
  if (/^<f[48]$/.test(kind)) tame(data, Number(kind.slice(2)))
  return Buffer.concat([bytes.subarray(0, begin), Buffer.from(`${text.padEnd(length - 1)}\n`), data])
}

/** In bytes; a character of `U` has four. */
function itemSize(kind: string): number {
  return Number(kind.slice(2)) * (kind[1] === 'U' ? 4 : 1)
}

function tame(data: Buffer, width: number): void {
  for (let at = width - 1; at < data.length; at += width) {
    data[at] = 0x3f
    data[at - 1] = (data[at - 1] ?? 0) & (width === 4 ? 0xff : 0xef)
  }
}
