import type { Sha256 } from '../documents/identifiers.ts'
import type {
  NameReadBack,
  ReadBack,
  Receipt,
  ReceiptDestination,
  ReceiptName
} from '../documents/receipt.ts'
import type { Release } from '../documents/release.ts'
import { TagproofError } from '../platform/errors.ts'
import type { ArtifactState, Destination, MoveEvent, NameState, WriteEvent } from './destination.ts'

/** The release that is published, and the SHA-256 of its `release.json`. */
export interface PublishedRelease extends Pick<Release, 'tag' | 'version'> {
  sha256: Sha256
}

type Entry = ReceiptDestination['artifacts'][number]

/** What a destination has before the first write. */
export interface Found {
  artifacts: readonly ArtifactState[]
  /** None where no name moves. */
  names: readonly NameState[]
}

/**
 * The receipt before the first write of a run. Where an earlier run of the same release had begun, its entries go on:
 * what it sent stays told as sent, as long as the destination has it. Pure.
 *
 * @param earlier of the same release, or null
 */
export function openReceipt(
  release: PublishedRelease,
  found: ReadonlyMap<Destination, Found>,
  earlier: Receipt | null
): Receipt {
  const destinations = [...found].map(([destination, { artifacts: states, names }]) => {
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
      readBack: null,
      names: names.map((state) => nameOf(state, before)),
      namesReadBack: destination.moving === null ? [] : null
    }
  })
  return {
    schema: 'tagproof/receipt/2',
    tag: release.tag,
    version: release.version,
    release: release.sha256,
    // Where nothing is to be published, nothing is missing.
    complete: destinations.length === 0,
    withdrawn: false,
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

function nameOf(
  { name, state, found, expected }: NameState,
  before: ReceiptDestination | undefined
): ReceiptName {
  const told = before?.names.find((one) => one.name === name && one.expected === expected)
  // What it stood for before this release is known to the run that moved it alone.
  if (state === 'current' && told !== undefined && ['moved', 'there'].includes(told.moved)) return told
  return { name, before: found, expected, found: state, moved: 'no' }
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

/** The receipt with one more name moved. Pure. */
export function withMoved(receipt: Receipt, destination: string, { name, outcome }: MoveEvent): Receipt {
  return changed(receipt, destination, (entry) => ({
    ...entry,
    names: entry.names.map((one) =>
      one.name !== name ? one : outcome === 'ahead' ? { ...one, found: 'ahead' } : { ...one, moved: outcome }
    )
  }))
}

/** The receipt with what a destination gave out again. Pure. */
export function withReadBack(receipt: Receipt, destination: string, readBack: readonly ReadBack[]): Receipt {
  return completed(changed(receipt, destination, (entry) => ({ ...entry, readBack: [...readBack] })))
}

/** The receipt with what the names of a destination stand for now; complete with the last one. Pure. */
export function withNamesReadBack(
  receipt: Receipt,
  destination: string,
  namesReadBack: readonly NameReadBack[]
): Receipt {
  return completed(
    changed(receipt, destination, (entry) => ({ ...entry, namesReadBack: [...namesReadBack] }))
  )
}

function completed(receipt: Receipt): Receipt {
  const isWhole = ({ readBack, namesReadBack }: ReceiptDestination): boolean =>
    readBack !== null && namesReadBack !== null
  return { ...receipt, complete: receipt.destinations.every(isWhole) }
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
