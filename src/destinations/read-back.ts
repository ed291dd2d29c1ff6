import type { NameReadBack, ReadBack } from '../documents/receipt.ts'
import { TagproofError } from '../platform/errors.ts'
import type { Destination, NameState } from './destination.ts'

/**
 * Holds what came back against what was to be there, whatever the destination made of it.
 *
 * @returns one entry per artifact, in the order of the destination
 * @throws TagproofError `readback-missing`, `hash-mismatch`
 */
export function requireReadBack(
  { name: destination, address, artifacts }: Pick<Destination, 'name' | 'address' | 'artifacts'>,
  readBack: readonly ReadBack[]
): ReadBack[] {
  return artifacts.map(({ name, sha256 }) => {
    const where = `${destination} (${address}): ${name}`
    const back = readBack.find((one) => one.name === name)
    if (back === undefined)
      throw new TagproofError('readback-missing', `${destination} does not give out ${name}.`, {
        where,
        expected: sha256,
        fix: 'Run publish again in a few minutes: what is there already is not sent a second time.'
      })
    if (back.sha256 !== sha256)
      throw new TagproofError('hash-mismatch', `${destination} gives out another ${name} than was sent.`, {
        where,
        found: back.sha256,
        expected: sha256,
        fix: 'Warn your users at once: what this index gives out is not what was proven. Take the release down there, and find out who changed it.'
      })
    return back
  })
}

/**
 * The same for names that move; one that a newer release has taken is not asked for.
 *
 * @throws TagproofError `readback-missing`, `hash-mismatch`
 */
export function requireNames(
  { name: destination, address }: Pick<Destination, 'name' | 'address'>,
  names: readonly NameState[],
  readBack: readonly NameReadBack[]
): NameReadBack[] {
  return names
    .filter(({ state }) => state !== 'ahead')
    .map(({ name, expected }) => {
      const where = `${destination} (${address}): ${name}`
      const back = readBack.find((one) => one.name === name)
      if (back === undefined)
        throw new TagproofError('readback-missing', `${destination} does not tell what ${name} stands for.`, {
          where,
          expected,
          fix: 'Run publish again in a few minutes: what stands for this release already is not moved a second time.'
        })
      if (back.found !== expected)
        throw new TagproofError(
          'hash-mismatch',
          `${name} at ${destination} does not stand for this release.`,
          {
            where,
            found: back.found,
            expected,
            fix: 'Find out what else moves it; then run publish again.'
          }
        )
      return back
    })
}
