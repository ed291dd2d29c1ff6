import type { Receipt } from '../documents/receipt.ts'
import { TagproofError } from '../platform/errors.ts'
import { missingOf, type ArtifactState, type Destination } from './destination.ts'
import { refuseCancelled } from './preflight.ts'
import type { PublicationRequest, PublishedArtifact } from './publication.ts'
import { requireReadBack } from './read-back.ts'
import { withReadBack, withWritten } from './receipt-entries.ts'

/**
 * Writes what is missing at one destination, and reads all of it back. The receipt is kept after each file.
 *
 * @throws TagproofError `cancelled` between two files; what the destination throws
 */
export async function commitOne(
  destination: Destination,
  states: readonly ArtifactState[],
  before: Receipt,
  { log, journal, signal }: PublicationRequest
): Promise<{ receipt: Receipt; artifacts: PublishedArtifact[] }> {
  refuseCancelled(signal)
  let receipt = before
  const missing = missingOf(states)
  const written = new Map<string, 'sent' | 'there'>()
  const progress = log.begin(`publish to ${destination.name}`)
  const sizeOf = (name: string): number => destination.artifacts.find((one) => one.name === name)?.size ?? 0
  try {
    if (missing.length > 0)
      await destination.commit(missing, async (event) => {
        receipt = withWritten(receipt, destination.name, event)
        await journal.keep(receipt)
        written.set(event.name, event.outcome)
        const what = event.outcome === 'sent' ? 'sent' : 'was there when it was asked again'
        log.info(
          `${destination.name}: ${event.name} ${what}, ${sizeOf(event.name)} bytes (${written.size} of ${missing.length})`
        )
        if (written.size < missing.length) refuseCancelled(signal)
      })
    const lost = missing.filter((name) => !written.has(name))
    if (lost.length > 0)
      throw new TagproofError(
        'internal',
        `${destination.name} did not tell what became of ${lost.join(', ')}.`
      )
    progress.line('reading back')
    const readBack = requireReadBack(destination, await destination.readBack())
    receipt = withReadBack(receipt, destination.name, readBack)
    await journal.keep(receipt)
    const bytes = missing.reduce((sum, name) => sum + sizeOf(name), 0)
    progress.done(
      `${missing.length} written (${bytes} bytes), ${states.length - missing.length} there before, ${readBack.length} read back`
    )
    const artifacts = readBack.map((back, at) => ({
      artifact: back.name,
      destination: destination.name,
      address: destination.address,
      found: states[at]?.state === 'absent' ? ('absent' as const) : ('identical' as const),
      written: written.get(back.name) ?? ('no' as const),
      readBack: back
    }))
    return { receipt, artifacts }
  } catch (error) {
    progress.failed()
    throw error
  }
}
