/**
 * Where each group of probabilities begins in the one array that holds them all (LZMA specification by Igor Pavlov,
 * "LZMA properties"; names are those of that text).
 */
export const place = {
  isMatch: 0,
  isRep: 192,
  isRepG0: 204,
  isRepG1: 216,
  isRepG2: 228,
  isRep0Long: 240,
  /** Four bit trees of 6 bits. */
  positionSlot: 432,
  /** Reverse trees of the distances from 4 to 127; the first one begins at 1 and slot 4. */
  specialPosition: 688,
  align: 804,
  /** Two coders of 514: choice, choice 2, low (16 trees of 3 bits), mid (the same), high (8 bits). */
  matchLength: 820,
  repLength: 1334,
  literal: 1848
} as const

export const lengthPlace = { choice: 0, choice2: 1, low: 2, mid: 130, high: 258 } as const

/** Of one literal coder. */
export const literalSize = 0x300

/** Literal context, literal position and position bits: how the model looks at what came before. */
export interface LzmaProperties {
  lc: number
  lp: number
  pb: number
}

/** LZMA2 allows `lc + lp` up to 4, so no model is larger than this. */
export const mostProbabilities = place.literal + (literalSize << 4)

/** One half, in the 11 bits that probabilities have. */
export const evenProbability = 1024

/** The properties that a byte stands for, or undefined if LZMA2 does not allow them. */
export function lzmaProperties(byte: number): LzmaProperties | undefined {
  if (byte > (4 * 5 + 4) * 9 + 8) return undefined
  const lc = byte % 9
  const rest = Math.floor(byte / 9)
  const lp = rest % 5
  return lc + lp > 4 ? undefined : { lc, lp, pb: Math.floor(rest / 5) }
}
