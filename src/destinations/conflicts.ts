import { TagproofError } from '../platform/errors.ts'
import type { Conflict, Destination } from './destination.ts'
import type { Found } from './receipt-entries.ts'

/** Every artifact that a destination has with other bytes. Pure. */
export function conflictsIn(found: ReadonlyMap<Destination, Pick<Found, 'artifacts'>>): Conflict[] {
  return [...found].flatMap(([destination, { artifacts: states }]) =>
    states.flatMap((one) => {
      const artifact = destination.artifacts.find(({ name }) => name === one.name)
      return one.state === 'different' && artifact !== undefined
        ? [
            {
              destination: `${destination.name} (${destination.address})`,
              name: one.name,
              found: one.found,
              expected: artifact.sha256
            }
          ]
        : []
    })
  )
}

/** @throws TagproofError `destination-different` that names each conflict, where there is one */
export function refuseConflicts(conflicts: readonly Conflict[]): void {
  const [first] = conflicts
  if (first === undefined) return
  const which =
    conflicts.length === 1
      ? `${first.destination} has another ${first.name}`
      : `${conflicts.length} files are there already with other bytes`
  throw new TagproofError('destination-different', `${which}; nothing was written anywhere.`, {
    where: `${first.destination}: ${first.name}`,
    found: first.found,
    expected: first.expected,
    ...(conflicts.length === 1 ? {} : { output: conflicts.map(line).join('\n') }),
    fix: 'What was given out once must not change: release a new version. First find out who sent the other bytes, and from what: tagproof trace tells where each member of a file comes from.'
  })
}

function line({ destination, name, found, expected }: Conflict): string {
  return `${destination}: ${name}\n  there     ${found}\n  expected  ${expected}`
}
