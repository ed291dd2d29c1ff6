import { lengthPlace, literalSize, place, type LzmaProperties } from './lzma-model.ts'
import { RangeDecoder } from './range-decoder.ts'

/** What is wrong with compressed data; who knows the place adds it. */
export class XzProblem extends Error {}

/** Bytes that must be readable after the end of a chunk: no symbol of LZMA takes more. */
export const lzmaInputSlack = 64

/** What comes out of one chunk at most: so much is in the ring unharmed. */
const largestChunk = 2 ** 21
const shortestMatch = 2
/** Copies of this length or more are left to the engine. */
const longCopy = 48

/**
 * The LZMA decoder (LZMA specification by Igor Pavlov) for the chunks of LZMA2: every chunk is wholly in memory, so the
 * loop never waits.
 */
export class LzmaDecoder {
  /** A ring: what came out last, at least as much as distances may lead back. */
  readonly ring: Uint8Array
  /** Where the next byte goes in the ring. */
  position = 0
  private readonly mask: number
  readonly dictionarySize: number
  /** Bytes since the dictionary was reset, at most its size: how far a distance may lead back. */
  private filled = 0
  private readonly coder = new RangeDecoder()
  private properties: LzmaProperties = { lc: 0, lp: 0, pb: 0 }
  /** What the last symbols were: below 7 after a literal. */
  private state = 0
  /** The last four distances less one, the latest first. */
  private rep0 = 0
  private rep1 = 0
  private rep2 = 0
  private rep3 = 0

  /** @param dictionarySize bytes, as the block's header says */
  constructor(dictionarySize: number) {
    let size = largestChunk
    while (size < dictionarySize) size *= 2
    this.ring = new Uint8Array(size)
    this.mask = size - 1
    this.dictionarySize = dictionarySize
  }

  resetDictionary(): void {
    this.position = 0
    this.filled = 0
  }

  resetState(properties: LzmaProperties = this.properties): void {
    this.properties = properties
    this.state = 0
    this.rep0 = this.rep1 = this.rep2 = this.rep3 = 0
    this.coder.resetProbabilities()
  }

  /** Takes bytes that are stored as they are. */
  store(bytes: Uint8Array): void {
    const first = Math.min(bytes.length, this.ring.length - this.position)
    this.ring.set(bytes.subarray(0, first), this.position)
    this.ring.set(bytes.subarray(first), 0)
    this.advance(bytes.length)
  }

  private advance(size: number): void {
    this.position = (this.position + size) & this.mask
    const filled = this.filled + size
    this.filled = filled < this.dictionarySize ? filled : this.dictionarySize
  }

  /**
   * Decodes one chunk into the ring.
   *
   * @param input the range coder's bytes up to `end`, and {@link lzmaInputSlack} more
   * @param unpacked bytes that must come out
   * @throws XzProblem
   */
  decode(input: Uint8Array, end: number, unpacked: number): void {
    const { coder, ring, mask } = this
    const { lc, lp, pb } = this.properties
    const positionMask = (1 << pb) - 1
    const literalMask = (1 << lp) - 1
    if (end < 5 || !coder.start(input)) throw new XzProblem('a chunk does not begin as the range coder does')
    let left = unpacked
    while (left > 0) {
      if (coder.at > end) throw new XzProblem('a chunk ends inside a symbol')
      const { position, state } = this
      const positionState = position & positionMask
      if (!coder.bit(place.isMatch + (state << 4) + positionState)) {
        const previous = this.filled === 0 ? 0 : (ring[(position - 1) & mask] ?? 0)
        const context = ((position & literalMask) << lc) + (previous >> (8 - lc))
        const literal = place.literal + literalSize * context
        ring[position] =
          state < 7
            ? coder.number(literal, 0x100)
            : coder.matched(literal, ring[(position - this.rep0 - 1) & mask] ?? 0)
        this.state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
        this.advance(1)
        left -= 1
      } else {
        const length = coder.bit(place.isRep + state)
          ? this.repeated(positionState)
          : this.match(positionState)
        // Also the end marker, which LZMA2 does not have: its distance is the largest of all.
        if (this.rep0 < 0 || this.rep0 >= this.filled)
          throw new XzProblem('a match leads to before the beginning')
        if (length > left) throw new XzProblem('a match leads beyond its chunk')
        this.copy(length)
        left -= length
      }
    }
    if (coder.at !== end || !coder.finished) throw new XzProblem('a chunk does not end where its size says')
  }

  /** A match at a distance of its own: its length, with the distance in `rep0`. */
  private match(positionState: number): number {
    this.rep3 = this.rep2
    this.rep2 = this.rep1
    this.rep1 = this.rep0
    this.state = this.state < 7 ? 7 : 10
    const length = this.length(place.matchLength, positionState)
    this.rep0 = this.distance(length)
    return length
  }

  /** A match at one of the last four distances: its length, with the distance in `rep0`. */
  private repeated(positionState: number): number {
    const { coder, state } = this
    if (!coder.bit(place.isRepG0 + state)) {
      if (!coder.bit(place.isRep0Long + (state << 4) + positionState)) {
        this.state = state < 7 ? 9 : 11
        return 1
      }
    } else {
      let distance = this.rep1
      if (coder.bit(place.isRepG1 + state)) {
        distance = this.rep2
        if (coder.bit(place.isRepG2 + state)) {
          distance = this.rep3
          this.rep3 = this.rep2
        }
        this.rep2 = this.rep1
      }
      this.rep1 = this.rep0
      this.rep0 = distance
    }
    this.state = state < 7 ? 8 : 11
    return this.length(place.repLength, positionState)
  }

  /** A length: a tree of 3, 3 or 8 bits, chosen by one or two bits. */
  private length(lengths: number, positionState: number): number {
    const { coder } = this
    const tree = lengths + (positionState << 3)
    if (!coder.bit(lengths + lengthPlace.choice))
      return shortestMatch + coder.number(tree + lengthPlace.low, 8)
    if (!coder.bit(lengths + lengthPlace.choice2))
      return shortestMatch + 8 + coder.number(tree + lengthPlace.mid, 8)
    return shortestMatch + 16 + coder.number(lengths + lengthPlace.high, 256)
  }

  /** A distance less one: a slot of 6 bits, then the bits below its two highest ones. */
  private distance(length: number): number {
    const { coder } = this
    const slot = coder.number(place.positionSlot + ((length < 6 ? length - shortestMatch : 3) << 6), 64)
    if (slot < 4) return slot
    const bits = (slot >> 1) - 1
    const high = (2 | (slot & 1)) << bits
    if (slot < 14) return high + coder.reversed(place.specialPosition + high - slot, bits)
    return (high | (coder.even(bits - 4) << 4)) + coder.reversed(place.align, 4)
  }

  private copy(length: number): void {
    const { ring, mask, position } = this
    let source = (position - this.rep0 - 1) & mask
    let target = position
    if (length >= longCopy && this.rep0 >= length && source + length <= mask && target + length <= mask)
      ring.copyWithin(target, source, source + length)
    else
      for (let left = length; left > 0; left -= 1) {
        ring[target] = ring[source] ?? 0
        source = (source + 1) & mask
        target = (target + 1) & mask
      }
    this.advance(length)
  }
}
