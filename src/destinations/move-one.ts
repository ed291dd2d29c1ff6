import type { Receipt } from '../documents/receipt.ts'
import { TagproofError } from '../platform/errors.ts'
import type { Destination, MoveEvent, NameState } from './destination.ts'
import { refuseCancelled } from './preflight.ts'
import type { PublicationRequest, PublishedName } from './publication.ts'
import { requireNames } from './read-back.ts'
import { withMoved, withNamesReadBack } from './receipt-entries.ts'

/**
 * Moves the names of one destination that stand for an older release, and reads all of them back. The receipt is kept
 * after each name.
 *
 * @param found before the first write
 * @throws TagproofError `cancelled` between two names; what the destination throws
 */
export async function moveOne(
  destination: Destination,
  found: readonly NameState[],
  before: Receipt,
  { log, journal, signal }: PublicationRequest
): Promise<{ receipt: Receipt; names: PublishedName[] }> {
  const { moving, name: title, address } = destination
  if (moving === null) return { receipt: before, names: [] }
  refuseCancelled(signal)
  let receipt = before
  const behind = found.filter(({ state }) => state === 'behind').map(({ name }) => name)
  const outcomes = new Map<string, MoveEvent['outcome']>()
  const progress = log.begin(`move names of ${title}`)
  try {
    if (behind.length > 0)
      await moving.move(behind, async (event) => {
        receipt = withMoved(receipt, title, event)
        await journal.keep(receipt)
        outcomes.set(event.name, event.outcome)
        log.info(`${title}: ${event.name} ${said[event.outcome]} (${outcomes.size} of ${behind.length})`)
        if (outcomes.size < behind.length) refuseCancelled(signal)
      })
    const lost = behind.filter((name) => !outcomes.has(name))
    if (lost.length > 0)
      throw new TagproofError('internal', `${title} did not tell what became of ${lost.join(', ')}.`)
    progress.line('reading back')
    const after = found.map((one) =>
      outcomes.get(one.name) === 'ahead' ? { ...one, state: 'ahead' as const } : one
    )
    const readBack = requireNames(destination, after, await moving.readBack())
    receipt = withNamesReadBack(receipt, title, readBack)
    await journal.keep(receipt)
    progress.done(
      `${behind.length} moved, ${found.length - behind.length} stay, ${readBack.length} read back`
    )
    const names = after.map(({ name, found: stoodFor, state }) => ({
      name,
      destination: title,
      address,
      before: stoodFor,
      outcome: state === 'ahead' ? ('ahead' as const) : (outcomes.get(name) ?? ('no' as const)),
      readBack: readBack.find((one) => one.name === name) ?? null
    }))
    return { receipt, names }
  } catch (error) {
    progress.failed()
    throw error
  }
}

const said: Readonly<Record<MoveEvent['outcome'], string>> = {
  moved: 'moved',
  there: 'stood for this release when it was asked again',
  ahead: 'was taken by a newer release meanwhile, and stays there'
}
