import type { NameReadBack, ReadBack, Receipt } from '../documents/receipt.ts'
import { TagproofError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import { commitOne } from './commit-one.ts'
import { conflictsIn, refuseConflicts } from './conflicts.ts'
import { destinationKinds, missingOf, type ArtifactState, type Destination } from './destination.ts'
import type { Journal } from './journal.ts'
import { moveOne } from './move-one.ts'
import { preflightAll, refuseCancelled } from './preflight.ts'
import { openReceipt, type Found, type PublishedRelease } from './receipt-entries.ts'

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

/** What this run did with one name that moves. */
export interface PublishedName {
  name: string
  destination: string
  address: string
  /** What it stood for before this run. */
  before: string | null
  outcome: 'no' | 'moved' | 'there' | 'ahead'
  /** Null for a name that a newer release has. */
  readBack: NameReadBack | null
}

export interface Publication {
  receipt: Receipt
  artifacts: PublishedArtifact[]
  names: PublishedName[]
}

type AllFound = Map<Destination, Found>

/**
 * Publishes to many destinations, all or nothing as far as they let us: `preflight` of all, then the state of all, and
 * nothing is written as long as any of them refuses or has other bytes; then `stage` of all, then `commit` and `readBack`
 * one after the other; and once all of them have the release under names that never change, the names that move. What the
 * servers have decides what is written, so a run that was cut off is mended by another one; the receipt is written before
 * the first write, after each, and after each read-back.
 *
 * @throws TagproofError `destination-different` naming every conflict, before anything is written; `cancelled` between two
 *   artifacts; what the destinations throw
 */
export async function runPublication(request: PublicationRequest): Promise<Publication> {
  const destinations = inOrder(request.destinations)
  try {
    await preflightAll(destinations, request)
    const found = await stateOfAll(destinations, request)
    refuseConflicts(conflictsIn(found))
    let receipt = openReceipt(request.release, found, request.journal.earlier)
    await request.journal.keep(receipt)
    await stageAll(found, request)
    const publication: Publication = { receipt, artifacts: [], names: [] }
    for (const [destination, { artifacts: states }] of found) {
      const done = await commitOne(destination, states, receipt, request)
      receipt = done.receipt
      publication.artifacts.push(...done.artifacts)
    }
    for (const [destination, { names }] of found) {
      const done = await moveOne(destination, names, receipt, request)
      receipt = done.receipt
      publication.names.push(...done.names)
    }
    return { ...publication, receipt }
  } finally {
    await Promise.allSettled(destinations.map((destination) => destination.close()))
  }
}

/** What cannot be taken back goes first: should it refuse, nothing else has moved (DESIGN 10). */
function inOrder(destinations: readonly Destination[]): Destination[] {
  const turn = ({ kind }: Destination): number => destinationKinds.indexOf(kind)
  return [...destinations].sort((one, other) => turn(one) - turn(other))
}

async function stateOfAll(
  destinations: readonly Destination[],
  { log, signal }: PublicationRequest
): Promise<AllFound> {
  const found: AllFound = new Map()
  for (const destination of destinations) {
    refuseCancelled(signal)
    const progress = log.begin(`state of ${destination.name}`)
    try {
      const artifacts = await destination.state()
      requireAll(destination, artifacts)
      const names = (await destination.moving?.state()) ?? []
      found.set(destination, { artifacts, names })
      progress.done(counted(artifacts, names))
    } catch (error) {
      progress.failed()
      throw error
    }
  }
  return found
}

function counted(artifacts: readonly ArtifactState[], names: Found['names']): string {
  const count = (wanted: ArtifactState['state']): number =>
    artifacts.filter(({ state }) => state === wanted).length
  const different = count('different') > 0 ? `, ${count('different')} DIFFERENT` : ''
  const behind = names.filter(({ state }) => state === 'behind').length
  const ahead = names.filter(({ state }) => state === 'ahead').map(({ name }) => name)
  return [
    `${count('identical')} of ${artifacts.length} there already, ${count('absent')} missing${different}`,
    ...(names.length === 0 ? [] : [`${behind} of ${names.length} names to move`]),
    ...(ahead.length === 0 ? [] : [`${ahead.join(', ')} of a newer release`])
  ].join('; ')
}

function requireAll({ name, artifacts }: Destination, states: readonly ArtifactState[]): void {
  if (artifacts.length === states.length && artifacts.every((one, at) => one.name === states[at]?.name))
    return
  throw new TagproofError('internal', `The destination ${name} does not tell the state of each artifact.`)
}

async function stageAll(found: AllFound, { log, signal }: PublicationRequest): Promise<void> {
  for (const [destination, { artifacts }] of found) {
    const missing = missingOf(artifacts)
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
