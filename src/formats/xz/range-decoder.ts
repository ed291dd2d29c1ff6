import { evenProbability, mostProbabilities } from './lzma-model.ts'

const { imul } = Math
/** Below this the range takes one more byte in. */
const top = 0x1000000

/**
 * The range decoder with its adaptive probabilities (LZMA specification by Igor Pavlov, "Range decoder"). It decides
 * how fast a deb is read. So each method works on local variables, and between them range and code lie in an array of
 * 32-bit words: as fields they would be boxed numbers.
 */
export class RangeDecoder {
  private readonly probabilities = new Uint16Array(mostProbabilities)
  /** Range, code. */
  private readonly words = new Uint32Array(2)
  private input: Uint8Array = new Uint8Array(0)
  /** Bytes that were taken from the input. */
  at = 0

  resetProbabilities(): void {
    this.probabilities.fill(evenProbability)
  }

  /** @returns whether the input begins as an encoder lets it */
  start(input: Uint8Array): boolean {
    this.input = input
    const code =
      (((input[1] ?? 0) << 24) | ((input[2] ?? 0) << 16) | ((input[3] ?? 0) << 8) | (input[4] ?? 0)) >>> 0
    this.keep(0xffffffff, code, 5)
    return input[0] === 0
  }

  /** Whether nothing is left over, as it is where an encoder has ended. */
  get finished(): boolean {
    return this.words[1] === 0
  }

  private keep(range: number, code: number, at: number): void {
    this.words[0] = range
    this.words[1] = code
    this.at = at
  }

  /** One bit, by the probability at `index`. */
  bit(index: number): boolean {
    const { probabilities: p, words } = this
    let range = words[0] ?? 0
    let code = words[1] ?? 0
    const value = p[index] ?? 0
    const bound = imul(range >>> 11, value) >>> 0
    const bit = code >= bound
    if (bit) {
      range = (range - bound) >>> 0
      code = (code - bound) >>> 0
      p[index] = value - (value >> 5)
    } else {
      range = bound
      p[index] = value + ((2048 - value) >> 5)
    }
    if (range < top) {
      range = (range << 8) >>> 0
      code = ((code << 8) | (this.input[this.at++] ?? 0)) >>> 0
    }
    words[0] = range
    words[1] = code
    return bit
  }

  /** A number below `limit`, a power of two, by the bit tree at `tree`: the highest bit first. */
  number(tree: number, limit: number): number {
    const { probabilities: p, words, input } = this
    let range = words[0] ?? 0
    let code = words[1] ?? 0
    let at = this.at
    let node = 1
    do {
      const index = tree + node
      const value = p[index] ?? 0
      const bound = imul(range >>> 11, value) >>> 0
      if (code < bound) {
        range = bound
        p[index] = value + ((2048 - value) >> 5)
        node <<= 1
      } else {
        range = (range - bound) >>> 0
        code = (code - bound) >>> 0
        p[index] = value - (value >> 5)
        node = (node << 1) | 1
      }
      if (range < top) {
        range = (range << 8) >>> 0
        code = ((code << 8) | (input[at++] ?? 0)) >>> 0
      }
    } while (node < limit)
    this.keep(range, code, at)
    return node - limit
  }

  /** A number of `bits` bits by the bit tree at `tree`: the lowest bit first. */
  reversed(tree: number, bits: number): number {
    let number = 0
    let node = 1
    for (let bit = 0; bit < bits; bit += 1) {
      node <<= 1
      if (this.bit(tree + (node >> 1))) {
        number |= 1 << bit
        node |= 1
      }
    }
    return number
  }

  /** A number of `bits` bits, each as probable as not: the highest bit first. */
  even(bits: number): number {
    let range = this.words[0] ?? 0
    let code = this.words[1] ?? 0
    let at = this.at
    let number = 0
    for (let left = bits; left > 0; left -= 1) {
      range >>>= 1
      const bit = code >= range ? 1 : 0
      if (bit === 1) code = (code - range) >>> 0
      number = (number << 1) | bit
      if (range < top) {
        range = (range << 8) >>> 0
        code = ((code << 8) | (this.input[at++] ?? 0)) >>> 0
      }
    }
    this.keep(range, code, at)
    return number
  }

  /** A byte by the literal coder at `coder`, after a match: `expected` is what another byte of it would have been. */
  matched(coder: number, expected: number): number {
    const { probabilities: p, words, input } = this
    let range = words[0] ?? 0
    let code = words[1] ?? 0
    let at = this.at
    let symbol = 1
    let offset = 0x100
    do {
      expected <<= 1
      const expectedBit = expected & offset
      const index = coder + offset + expectedBit + symbol
      const value = p[index] ?? 0
      const bound = imul(range >>> 11, value) >>> 0
      if (code < bound) {
        range = bound
        p[index] = value + ((2048 - value) >> 5)
        symbol <<= 1
        offset &= ~expectedBit
      } else {
        range = (range - bound) >>> 0
        code = (code - bound) >>> 0
        p[index] = value - (value >> 5)
        symbol = (symbol << 1) | 1
        offset = expectedBit
      }
      if (range < top) {
        range = (range << 8) >>> 0
        code = ((code << 8) | (input[at++] ?? 0)) >>> 0
      }
    } while (symbol < 0x100)
    this.keep(range, code, at)
    return symbol & 0xff
  }
}
