import { createHash } from 'node:crypto'

/** `npm run test:whole` sets it: every case of what npm test takes a seeded sample of. Its twenty minutes are no place for that. */
export const whole = process.env.TAGPROOF_TEST_WHOLE === '1'

/** One case in so many, spread over all by a hash of its name: the same ones in each run. */
export function inSample(name: string, one: number): boolean {
  return whole || createHash('sha256').update(name).digest().readUInt32BE() % one === 0
}

/** How many cases to take of so many: all of them, or the first of the seeded order. */
export function sampled(all: number, sample: number): number {
  return whole ? all : Math.min(all, sample)
}
