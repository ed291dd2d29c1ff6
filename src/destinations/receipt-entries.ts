import type { Sha256 } from '../documents/identifiers.ts'
import type { ReadBack, Receipt, ReceiptDestination } from '../documents/receipt.ts'
import type { Release } from '../documents/release.ts'
import { TagproofError } from '../platform/errors.ts'
import type { ArtifactState, Destination, WriteEvent } from './destination.ts'

/** The release that is published, and the SHA-256 of its `release.json`. */
export interface PublishedRelease extends Pick<Release, 'tag' | 'version'> {
  sha256: Sha256
}

type Entry = ReceiptDestination['artifacts'][number]

/**
 * The receipt before the first write of a run. Where an earlier run of the same release had begun, its entries go on:
 * what it sent stays told as sent, as long as the destination has it. Pure.
 *
 * @param earlier of the same release, or null
 */
export function openReceipt(
  release: PublishedRelease,
  found: ReadonlyMap<Destination, readonly ArtifactState[]>,
  earlier: Receipt | null
): Receipt {
  const destinations = [...found].map(([destination, states]) => {
    const before = earlier?.destinations.find(
      ({ name, kind, address }) =>
        name === destination.name && kind === destination.kind && address === destination.address
    )
    return {
      name: destination.name,
      kind: destination.kind,
      address: destination.address,
      artifacts: destination.artifacts.map(({ name, sha256 }) =>
        entryOf({ name, sha256 }, stateOf(states, name), before)
      ),
      readBack: null
    }
  })
  return {
    schema: 'tagproof/receipt/1',
    tag: release.tag,
    version: release.version,
    release: release.sha256,
    // Where nothing is to be published, nothing is missing.
    complete: destinations.length === 0,
    destinations
  }
}

function entryOf(
  artifact: Pick<Entry, 'name' | 'sha256'>,
  state: Entry['found'],
  before: ReceiptDestination | undefined
): Entry {
  const told = before?.artifacts.find(
    ({ name, sha256 }) => name === artifact.name && sha256 === artifact.sha256
  )
  const holds = state === 'identical' && told !== undefined && told.written !== 'no'
  return holds ? told : { ...artifact, found: state, written: 'no' }
}

function stateOf(states: readonly ArtifactState[], name: string): Entry['found'] {
  const state = states.find((one) => one.name === name)?.state
  if (state === 'absent' || state === 'identical') return state
  throw new TagproofError('internal', `The state of ${name} is not one to begin with.`, {
    found: state ?? 'none'
  })
}

/** The receipt with one more artifact written. Pure. */
export function withWritten(receipt: Receipt, destination: string, { name, outcome }: WriteEvent): Receipt {
  return changed(receipt, destination, (entry) => ({
    ...entry,
    artifacts: entry.artifacts.map((one) => (one.name === name ? { ...one, written: outcome } : one))
  }))
}

/** The receipt with what a destination gave out again; complete with the last one. Pure. */
export function withReadBack(receipt: Receipt, destination: string, readBack: readonly ReadBack[]): Receipt {
  const after = changed(receipt, destination, (entry) => ({ ...entry, readBack: [...readBack] }))
  return { ...after, complete: after.destinations.every((one) => one.readBack !== null) }
}

function changed(
  receipt: Receipt,
  name: string,
  change: (entry: ReceiptDestination) => ReceiptDestination
): Receipt {
  return {
    ...receipt,
    destinations: receipt.destinations.map((entry) => (entry.name === name ? change(entry) : entry))
  }
}
