import {
  evenProbability,
  lengthPlace,
  literalSize,
  mostProbabilities,
  place,
  type LzmaProperties
} from './lzma-model.ts'

/** What is wrong with compressed data; who knows the place adds it. */
export class XzProblem extends Error {}

/** Bytes that must be readable after the end of a chunk: no symbol of LZMA takes more. */
export const lzmaInputSlack = 64

/** What comes out of one chunk at most: so much is in the ring unharmed. */
const largestChunk = 2 ** 21
const top = 0x1000000
const shortestMatch = 2
/** Copies of this length or more are left to the engine. */
const longCopy = 48

/**
 * The LZMA decoder (LZMA specification by Igor Pavlov) for the chunks of LZMA2: every chunk is wholly in memory, so the
 * loop never waits. One function holds all of it in local variables, for it decides how fast a deb is read.
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
  private readonly probabilities = new Uint16Array(mostProbabilities)
  private properties: LzmaProperties = { lc: 0, lp: 0, pb: 0 }
  private state = 0
  private readonly reps = new Int32Array(4)

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
    this.reps.fill(0)
    this.probabilities.fill(evenProbability)
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
    this.filled = Math.min(this.filled + size, this.dictionarySize)
  }

  /**
   * Decodes one chunk into the ring.
   *
   * @param input the range coder's bytes up to `end`, and {@link lzmaInputSlack} more
   * @param unpacked bytes that must come out
   * @throws XzProblem
   */
  decode(input: Uint8Array, end: number, unpacked: number): void {
    const { ring, mask, probabilities: p, reps, dictionarySize } = this
    const { lc, lp, pb } = this.properties
    const positionMask = (1 << pb) - 1
    const literalMask = (1 << lp) - 1
    // Of its own, for globals are slow to reach in some surroundings.
    const { imul } = Math
    const start = this.position
    let filled = this.filled
    let state = this.state
    let rep0 = reps[0] ?? 0
    let rep1 = reps[1] ?? 0
    let rep2 = reps[2] ?? 0
    let rep3 = reps[3] ?? 0
    if (end < 5 || input[0] !== 0) throw new XzProblem('a chunk does not begin as the range coder does')
    let range = 0xffffffff
    let code =
      (((input[1] ?? 0) << 24) | ((input[2] ?? 0) << 16) | ((input[3] ?? 0) << 8) | (input[4] ?? 0)) >>> 0
    let at = 5
    let done = 0
    let bound: number
    let index: number
    let value: number
    let previous = filled === 0 ? 0 : (ring[(start - 1) & mask] ?? 0)

    while (done < unpacked) {
      if (at > end) throw new XzProblem('a chunk ends inside a symbol')
      const position = (start + done) & mask
      const positionState = position & positionMask

      // isMatch
      index = place.isMatch + (state << 4) + positionState
      value = p[index] ?? 0
      bound = imul(range >>> 11, value) >>> 0
      if (code < bound) {
        range = bound
        p[index] = value + ((2048 - value) >> 5)
        if (range < top) {
          range = (range << 8) >>> 0
          code = ((code << 8) | (input[at++] ?? 0)) >>> 0
        }

        // A literal; after a match the byte at rep0 is part of the context.
        const base = place.literal + literalSize * (((position & literalMask) << lc) + (previous >> (8 - lc)))
        let symbol = 1
        let expected = 0
        let offset = 0
        if (state >= 7) {
          expected = ring[(position - rep0 - 1) & mask] ?? 0
          offset = 0x100
        }
        do {
          expected <<= 1
          const expectedBit = expected & offset
          index = base + offset + expectedBit + symbol
          value = p[index] ?? 0
          bound = imul(range >>> 11, value) >>> 0
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
        previous = symbol & 0xff
        ring[position] = previous
        done += 1
        if (filled < dictionarySize) filled += 1
        state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
        continue
      }
      range = (range - bound) >>> 0
      code = (code - bound) >>> 0
      p[index] = value - (value >> 5)
      if (range < top) {
        range = (range << 8) >>> 0
        code = ((code << 8) | (input[at++] ?? 0)) >>> 0
      }

      // isRep
      let lengths: number = place.matchLength
      index = place.isRep + state
      value = p[index] ?? 0
      bound = imul(range >>> 11, value) >>> 0
      const isRep = code >= bound
      if (!isRep) {
        range = bound
        p[index] = value + ((2048 - value) >> 5)
        rep3 = rep2
        rep2 = rep1
        rep1 = rep0
        state = state < 7 ? 7 : 10
        if (range < top) {
          range = (range << 8) >>> 0
          code = ((code << 8) | (input[at++] ?? 0)) >>> 0
        }
      } else {
        range = (range - bound) >>> 0
        code = (code - bound) >>> 0
        p[index] = value - (value >> 5)
        if (range < top) {
          range = (range << 8) >>> 0
          code = ((code << 8) | (input[at++] ?? 0)) >>> 0
        }
        if (filled === 0) throw new XzProblem('a match leads to before the beginning')
        lengths = place.repLength

        // isRepG0, isRep0Long, isRepG1, isRepG2: which of the last four distances, up to three bits.
        let which = 0
        index = place.isRepG0 + state
        for (;;) {
          value = p[index] ?? 0
          bound = imul(range >>> 11, value) >>> 0
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
            code = ((code << 8) | (input[at++] ?? 0)) >>> 0
          }
          if (which === 0) {
            if (!bit) {
              which = 4
              index = place.isRep0Long + (state << 4) + positionState
            } else {
              which = 1
              index = place.isRepG1 + state
            }
          } else if (which === 4) {
            which = bit ? 0 : 5
            break
          } else if (!bit) break
          else if (which === 2) {
            which = 3
            break
          } else {
            which = 2
            index = place.isRepG2 + state
          }
        }
        if (which === 5) {
          // A single byte from rep0.
          state = state < 7 ? 9 : 11
          previous = ring[(position - rep0 - 1) & mask] ?? 0
          ring[position] = previous
          done += 1
          if (filled < dictionarySize) filled += 1
          continue
        }
        if (which > 0) {
          const distance = which === 1 ? rep1 : which === 2 ? rep2 : rep3
          if (which === 3) rep3 = rep2
          if (which > 1) rep2 = rep1
          rep1 = rep0
          rep0 = distance
        }
        state = state < 7 ? 8 : 11
      }

      // The length: a tree of 3, 3 or 8 bits, chosen by one or two bits.
      let tree = lengths + lengthPlace.low + (positionState << 3)
      let limit = 8
      let length = shortestMatch
      index = lengths + lengthPlace.choice
      for (let choice = 0; choice < 2; choice += 1) {
        value = p[index] ?? 0
        bound = imul(range >>> 11, value) >>> 0
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
          code = ((code << 8) | (input[at++] ?? 0)) >>> 0
        }
        if (!bit) break
        length += 8
        if (choice === 0) tree = lengths + lengthPlace.mid + (positionState << 3)
        else {
          tree = lengths + lengthPlace.high
          limit = 256
        }
        index = lengths + lengthPlace.choice2
      }
      let node = 1
      do {
        index = tree + node
        value = p[index] ?? 0
        bound = imul(range >>> 11, value) >>> 0
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
      length += node - limit

      if (!isRep) {
        // The distance: a slot of 6 bits, then the bits below its two highest ones.
        tree = place.positionSlot + ((length < 6 ? length - shortestMatch : 3) << 6)
        node = 1
        do {
          index = tree + node
          value = p[index] ?? 0
          bound = imul(range >>> 11, value) >>> 0
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
        } while (node < 64)
        const slot = node - 64
        if (slot < 4) rep0 = slot
        else {
          let bits = (slot >> 1) - 1
          rep0 = 2 | (slot & 1)

          if (slot < 14) {
            rep0 <<= bits
            tree = place.specialPosition + rep0 - slot
          } else {
            bits -= 4
            do {
              range >>>= 1
              const bit = code >= range ? 1 : 0
              if (bit === 1) code = (code - range) >>> 0
              rep0 = (rep0 << 1) | bit
              if (range < top) {
                range = (range << 8) >>> 0
                code = ((code << 8) | (input[at++] ?? 0)) >>> 0
              }
              bits -= 1
            } while (bits > 0)
            rep0 <<= 4
            bits = 4
            tree = place.align
          }
          node = 1
          for (let bit = 0; bit < bits; bit += 1) {
            index = tree + node
            value = p[index] ?? 0
            bound = imul(range >>> 11, value) >>> 0
            if (code < bound) {
              range = bound
              p[index] = value + ((2048 - value) >> 5)
              node <<= 1
            } else {
              range = (range - bound) >>> 0
              code = (code - bound) >>> 0
              p[index] = value - (value >> 5)
              node = (node << 1) | 1
              rep0 |= 1 << bit
            }
            if (range < top) {
              range = (range << 8) >>> 0
              code = ((code << 8) | (input[at++] ?? 0)) >>> 0
            }
          }
        }
      }
      // Also the end marker, which LZMA2 does not have: its distance is the largest of all.
      if (rep0 < 0 || rep0 >= filled) throw new XzProblem('a match leads to before the beginning')
      if (length > unpacked - done) throw new XzProblem('a match leads beyond its chunk')
      let source = (position - rep0 - 1) & mask
      let target = position
      done += length
      filled = Math.min(filled + length, dictionarySize)
      if (length >= longCopy && rep0 >= length && source + length <= mask && target + length <= mask) {
        ring.copyWithin(target, source, source + length)
        previous = ring[target + length - 1] ?? 0
      } else {
        for (; length > 0; length -= 1) {
          previous = ring[source] ?? 0
          ring[target] = previous
          source = (source + 1) & mask
          target = (target + 1) & mask
        }
      }
    }
    if (at !== end || code !== 0) throw new XzProblem('a chunk does not end where its size says')
    this.position = (start + done) & mask
    this.filled = filled
    this.state = state
    reps[0] = rep0
    reps[1] = rep1
    reps[2] = rep2
    reps[3] = rep3
  }
}
