import type { NameReadBack, ReadBack } from '../../documents/receipt.ts'
import type { HttpClient } from '../../platform/http.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { CheckedSigner } from '../apt/checked-signer.ts'
import type {
  ArtifactState,
  Destination,
  DestinationFile,
  MovingNames,
  NameState,
  WriteEvent
} from '../destination.ts'
import type { Store, StoreBody } from '../stores/store.ts'
import { flatAliases } from './aliases.ts'
import { flatNames, type NamesRequest } from './names.ts'
import { readBackAll, readBackNames, type ReadBackRequest } from './read-back.ts'
import { publicReader, storeReader, type FlatReader } from './read.ts'
import { faultOfSignature, largestSignature, sumsOf } from './sums.ts'

export interface FilesRequest extends NamesRequest {
  store: Store
  /** Where readers find what lies in the store; null where nothing but the store is known. */
  url: string | null
  /** Whether this release moves names at all. */
  moves: boolean
  /** Null where nothing is signed. */
  signer: CheckedSigner | null
  /** A new client without any login, for reading back. */
  openReader: () => HttpClient
  /** Milliseconds since 1970. */
  now: () => number
  signal?: AbortSignal
  /** Waits of the read-back, in milliseconds. */
  patience?: readonly number[]
}

/** What never changes, and how it is written. */
interface Piece {
  entry: DestinationFile
  key: string
  body: StoreBody
}

/**
 * Files of a release as they are, in a store: each under a name that never changes, with a list of hashes of its own, signed
 * where there is a key; and copies of some under names that move. There is no index that two releases would have to change.
 *
 * @throws TagproofError `config-invalid`, `path-refused` for names that cannot be
 */
export function filesDestination(request: FilesRequest): Destination {
  const { store, signer, destination: name, values } = request
  const names = flatNames(request)
  const sums = names.sumsKey === null ? null : sumsOf(names.sumsKey, names.files)
  const pieces: Piece[] = names.files.map((file) => ({ entry: file, key: file.key, body: file }))
  if (sums !== null)
    pieces.push({ entry: sums.entry, key: sums.key, body: { bytes: Buffer.from(sums.text) } })
  const seconds = (): number => Math.floor(request.now() / 1000)
  let reader: FlatReader | null = null
  /** As it was told before the first write: what decides whether names are moved. */
  let asked: readonly NameState[] = []
  /** Written, and shown only once the names are moved. */
  let held: readonly Piece[] = []

  const readerOf = (): FlatReader =>
    (reader ??=
      request.url === null
        ? storeReader(store)
        : publicReader(request.url, request.openReader, request.signal))
  const reading = (): ReadBackRequest => ({
    destination: name,
    store,
    reader: held.length > 0 ? storeReader(store) : readerOf(),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    // A store says at once what it has.
    ...(held.length > 0 || request.url === null ? { patience: [] } : {}),
    ...(request.patience === undefined ? {} : { patience: request.patience })
  })

  async function stateOf({ entry, key }: Piece): Promise<ArtifactState> {
    const there = await store.hash(key)
    if (there === null) return { name: entry.name, state: 'absent' }
    if (there.sha256 !== entry.sha256) return { name: entry.name, state: 'different', found: there.sha256 }
    if (key !== sums?.key || signer === null) return { name: entry.name, state: 'identical' }
    const signature = await store.read(sums.signatureKey, largestSignature)
    if (signature === null) return { name: entry.name, state: 'absent' }
    const fault = faultOfSignature(signature.bytes, sums, signer, seconds())
    return fault === null
      ? { name: entry.name, state: 'identical' }
      : {
          name: entry.name,
          state: 'different',
          found: `the list, with a signature that users cannot verify: ${fault}`
        }
  }

  async function write(piece: Piece): Promise<WriteEvent> {
    if (sums !== null && signer !== null && piece.key === sums.key) await writeSignature()
    const outcome = await store.create(piece.key, piece.body)
    if (outcome === 'created') return { name: piece.entry.name, outcome: 'sent' }
    const state = await stateOf(piece)
    if (state.state === 'different') throw different(request, piece.entry, state.found)
    return { name: piece.entry.name, outcome: 'there' }
  }

  /** Before the list: whoever sees a list finds its signature. */
  async function writeSignature(): Promise<void> {
    if (sums === null || signer === null) return
    const { detached } = await signer.sign(sums.text, seconds())
    // One that is there is looked at with the list.
    await store.create(sums.signatureKey, { bytes: Buffer.from(detached) })
  }

  /** A store that gathers shows all at once: with the names, if any are moved. */
  async function writeGathered(
    missing: readonly Piece[],
    onWritten: (event: WriteEvent) => Promise<void>
  ): Promise<void> {
    const later = asked.some(({ state }) => state === 'behind')
    let events: WriteEvent[]
    do {
      events = []
      for (const piece of missing) events.push(await write(piece))
      if (later) await store.hold()
    } while (!later && (await store.flush(`Release ${values.version}`)) === 'raced')
    held = later ? missing : []
    for (const event of events) await onWritten(event)
  }

  const moving: MovingNames | null =
    request.moves && names.aliases.length > 0
      ? flatAliases({
          ...request,
          aliases: names.aliases,
          again: async () => {
            for (const piece of held) await write(piece)
          },
          readBack: (): Promise<NameReadBack[]> => readBackNames(names.aliases, asked, reading())
        })
      : null

  return {
    name,
    kind: 'files',
    address: request.url ?? store.address,
    artifacts: pieces.map(({ entry: { name: file, size, sha256 } }) => ({ name: file, size, sha256 })),
    async preflight() {
      await store.preflight()
      if (sums !== null) await signer?.prove(seconds())
    },
    async state() {
      const states: ArtifactState[] = []
      for (const piece of pieces) states.push(await stateOf(piece))
      return states
    },
    stage: () => Promise.resolve(),
    async commit(missing, onWritten) {
      const wanted = pieces.filter(({ entry }) => missing.includes(entry.name))
      if (store.gathers) return writeGathered(wanted, onWritten)
      for (const piece of wanted) await onWritten(await write(piece))
    },
    readBack: (): Promise<ReadBack[]> =>
      readBackAll(
        pieces,
        sums === null || signer === null ? null : { sums, signer, now: seconds() },
        reading()
      ),
    moving:
      moving === null
        ? null
        : {
            ...moving,
            async state() {
              asked = await moving.state()
              return asked
            },
            async move(wanted, onMoved) {
              await moving.move(wanted, onMoved)
              held = []
            }
          },
    async close() {
      reader?.close()
      await store.close()
    }
  }
}

function different(
  { destination, store }: FilesRequest,
  { name, sha256 }: DestinationFile,
  found: string
): TagproofError {
  return new TagproofError(
    'destination-different',
    `${destination} has another file under the name ${name}.`,
    {
      where: store.address,
      found,
      expected: sha256,
      fix: 'Somebody else wrote it since this run began. Find out who; a version that was published once needs another number.'
    }
  )
}
