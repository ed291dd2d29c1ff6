import type { Receipt, ReceiptDestination, ReceiptName } from '../documents/receipt.ts'
import { asTagproofError, TagproofError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import type { Destination, MoveEvent } from './destination.ts'
import { refuseCancelled } from './preflight.ts'
import { throwAll } from './joined-errors.ts'

/** A name that a publication moved, at its destination. */
export interface NameToReturn {
  destination: Pick<ReceiptDestination, 'name' | 'kind' | 'address'>
  name: ReceiptName
}

/**
 * What the receipt says was moved, in the reverse of the order in which it was: what tells users that a release is there goes
 * first. Pure.
 */
export function namesToReturn({ destinations }: Pick<Receipt, 'destinations'>): NameToReturn[] {
  return [...destinations].reverse().flatMap(({ name, kind, address, names }) =>
    [...names]
      .reverse()
      .filter(({ moved }) => moved === 'moved' || moved === 'there')
      .map((one) => ({ destination: { name, kind, address }, name: one }))
  )
}

/** `stays`: it cannot be moved back, and the destination has said why. */
export type ReturnOutcome = MoveEvent['outcome'] | 'stays'

export interface ReturnedName extends NameToReturn {
  outcome: ReturnOutcome
}

export interface WithdrawalRequest {
  receipt: Receipt
  destinations: readonly Destination[]
  keep: (receipt: Receipt) => Promise<void>
  log: Log
  signal?: AbortSignal
}

/**
 * Moves names back to what they stood for before the release, where they still stand for it. The receipt is kept after
 * each name, so a run that was cut off is finished by the next one. A destination that fails does not stop the others.
 *
 * @throws TagproofError what the first that fails says, with the others below it; `cancelled`
 */
export async function runWithdrawal(
  request: WithdrawalRequest
): Promise<{ receipt: Receipt; names: ReturnedName[] }> {
  const { destinations, keep, log, signal } = request
  let { receipt } = request
  const names: ReturnedName[] = []
  const errors: TagproofError[] = []
  const wanted = namesToReturn(receipt)
  for (const title of new Set(wanted.map(({ destination }) => destination.name))) {
    refuseCancelled(signal)
    const own = wanted.filter(({ destination }) => destination.name === title)
    const outcomes = new Map<string, MoveEvent['outcome']>()
    const progress = log.begin(`withdraw from ${title}`)
    try {
      const { moving } = placeOf(own, destinations)
      await moving.back(
        own.map(({ name }) => ({ name: name.name, before: name.before, expected: name.expected })),
        async (event) => {
          outcomes.set(event.name, event.outcome)
          receipt = withReturned(receipt, title, event)
          await keep(receipt)
          if (outcomes.size < own.length) refuseCancelled(signal)
        }
      )
      names.push(
        ...own.map((one) => ({ ...one, outcome: outcomes.get(one.name.name) ?? ('stays' as const) }))
      )
      progress.done(`${outcomes.size} of ${own.length} names`)
    } catch (error) {
      progress.failed()
      const known = asTagproofError(error)
      if (known.code === 'cancelled' || known.code === 'internal') throw known
      errors.push(known)
    }
  }
  throwAll(errors)
  receipt = { ...receipt, withdrawn: true }
  await keep(receipt)
  return { receipt, names }
}

/** The receipt with one name that stands for what it did before, or for a newer release. Pure. */
export function withReturned(receipt: Receipt, destination: string, { name, outcome }: MoveEvent): Receipt {
  const after = (one: ReceiptName): ReceiptName =>
    outcome === 'ahead' ? { ...one, found: 'ahead', moved: 'no' } : { ...one, moved: 'withdrawn' }
  return {
    ...receipt,
    destinations: receipt.destinations.map((entry) =>
      entry.name === destination
        ? { ...entry, names: entry.names.map((one) => (one.name === name ? after(one) : one)) }
        : entry
    )
  }
}

/** The receipt tells where names were moved; the configuration of the tag has to lead there still. */
function placeOf(
  [first]: readonly NameToReturn[],
  destinations: readonly Destination[]
): Destination & { moving: NonNullable<Destination['moving']> } {
  const wanted = first?.destination
  const there = destinations.find(({ name }) => name === wanted?.name)
  if (there?.moving != null && there.kind === wanted?.kind && there.address === wanted.address)
    return { ...there, moving: there.moving }
  throw new TagproofError(
    'document-mismatch',
    `The tag has no destination ${wanted?.name ?? ''} as the receipt names it.`,
    {
      found: there === undefined ? 'none of that name' : `${there.kind} at ${there.address}`,
      expected: `${wanted?.kind ?? ''} at ${wanted?.address ?? ''}`,
      fix: 'Run it with the receipt of this tag, and with the same variables (GITHUB_API_URL, GITHUB_REPOSITORY) as the publication.'
    }
  )
}
