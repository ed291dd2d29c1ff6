import type { Generator } from './generator.ts'

/** All generators that are known, in the order in which they are asked. */
export const generators: readonly Generator[] = []
