/** `npm run test:whole` sets it: every case of what npm test takes a seeded sample of. Its twenty minutes are no place for that. */
export const whole = process.env.TAGPROOF_TEST_WHOLE === '1'

/** How many cases to take of so many: all of them, or the first of the seeded order. */
export function sampled(all: number, sample: number): number {
  return whole ? all : Math.min(all, sample)
}
