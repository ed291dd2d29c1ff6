import type { Variation } from '../documents/fields.ts'

/** The variation is without effect where nothing is scrambled, and the record must say so. */
export function withScrambledCount(variation: Variation, scrambled: number): Variation {
  if (variation.name !== 'scrambled-files' || !variation.applied) return variation
  if (scrambled === 0) return { ...variation, applied: false, reason: 'the plan scrambles no file' }
  return { ...variation, value: `${scrambled} files ${variation.value}` }
}
