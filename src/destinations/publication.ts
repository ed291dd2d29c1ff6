import type { ReadBack, Receipt } from '../documents/receipt.ts'
import { TagproofError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import { conflictsIn, refuseConflicts } from './conflicts.ts'
import { missingOf, type ArtifactState, type Destination, type DestinationKind } from './destination.ts'
import type { Journal } from './journal.ts'
import { preflightAll, refuseCancelled } from './preflight.ts'
import { openReceipt, withReadBack, withWritten, type PublishedRelease } from './receipt-entries.ts'
import { requireReadBack } from './read-back.ts'

export interface PublicationRequest {
  release: PublishedRelease
  destinations: readonly Destination[]
  journal: Journal
  log: Log
  signal?: AbortSignal
}

/** What this run did with one artifact at one destination; the receipt tells of earlier runs too. */
export interface PublishedArtifact {
  artifact: string
  destination: string
  address: string
  found: 'absent' | 'identical'
  written: 'no' | 'sent' | 'there'
  readBack: ReadBack
}

export interface Publication {
  receipt: Receipt
  artifacts: PublishedArtifact[]
}

type Found = Map<Destination, readonly ArtifactState[]>

/**
 * Publishes to many destinations, all or nothing as far as they let us: `preflight` of all, then `state` of all, and
 * nothing is written as long as any of them refuses or has other bytes; then `stage` of all, then `commit` and `readBack`
 * one after the other. What the servers have decides what is written, so a run that was cut off is mended by another one;
 * the receipt is written before the first write, after each, and after each read-back.
 *
 * @throws TagproofError `destination-different` naming every conflict, before anything is written; `cancelled` between two
 *   artifacts; what the destinations throw
 */
export async function runPublication(request: PublicationRequest): Promise<Publication> {
  const destinations = inOrder(request.destinations)
  try {
    await preflightAll(destinations, request)
    const found = await statesOf(destinations, request)
    refuseConflicts(conflictsIn(found))
    let receipt = openReceipt(request.release, found, request.journal.earlier)
    await request.journal.keep(receipt)
    await stageAll(found, request)
    const artifacts: PublishedArtifact[] = []
    for (const [destination, states] of found) {
      const done = await writeOne(destination, states, receipt, request)
      receipt = done.receipt
      artifacts.push(...done.artifacts)
    }
    return { receipt, artifacts }
  } finally {
    await Promise.allSettled(destinations.map((destination) => destination.close()))
  }
}

/** What cannot be taken back goes first: should it refuse, nothing else has moved (DESIGN 10). */
const turns: Readonly<Record<DestinationKind, number>> = { pypi: 0, directory: 1 }

function inOrder(destinations: readonly Destination[]): Destination[] {
  return [...destinations].sort((one, other) => turns[one.kind] - turns[other.kind])
}

async function statesOf(
  destinations: readonly Destination[],
  { log, signal }: PublicationRequest
): Promise<Found> {
  const found: Found = new Map()
  for (const destination of destinations) {
    refuseCancelled(signal)
    const progress = log.begin(`state of ${destination.name}`)
    try {
      const states = await destination.state()
      requireAll(destination, states)
      found.set(destination, states)
      const count = (wanted: ArtifactState['state']): number =>
        states.filter(({ state }) => state === wanted).length
      progress.done(
        `${count('identical')} of ${states.length} there already, ${count('absent')} missing${count('different') > 0 ? `, ${count('different')} DIFFERENT` : ''}`
      )
    } catch (error) {
      progress.failed()
      throw error
    }
  }
  return found
}

function requireAll({ name, artifacts }: Destination, states: readonly ArtifactState[]): void {
  if (artifacts.length === states.length && artifacts.every((one, at) => one.name === states[at]?.name))
    return
  throw new TagproofError('internal', `The destination ${name} does not tell the state of each artifact.`)
}

async function stageAll(found: Found, { log, signal }: PublicationRequest): Promise<void> {
  for (const [destination, states] of found) {
    const missing = missingOf(states)
    if (missing.length === 0) continue
    refuseCancelled(signal)
    const progress = log.begin(`stage for ${destination.name}`)
    try {
      await destination.stage(missing)
      progress.done(`${missing.length} files`)
    } catch (error) {
      progress.failed()
      throw error
    }
  }
}

async function writeOne(
  destination: Destination,
  states: readonly ArtifactState[],
  before: Receipt,
  { log, journal, signal }: PublicationRequest
): Promise<Publication> {
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
