import { setTimeout as sleep } from 'node:timers/promises'
import { sha256 as asSha256 } from '../../documents/identifiers.ts'
import type { NameReadBack, ReadBack } from '../../documents/receipt.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { CheckedSigner } from '../apt/checked-signer.ts'
import type { DestinationFile, NameState } from '../destination.ts'
import type { Store } from '../stores/store.ts'
import type { Alias } from './names.ts'
import type { FlatReader } from './read.ts'
import { faultOfSignature, largestSignature, type Sums } from './sums.ts'

export interface ReadBackRequest {
  destination: string
  store: Store
  reader: FlatReader
  signal?: AbortSignal
  /** Milliseconds to wait before each further look at what is not there yet: caches and pages take their time. */
  patience?: readonly number[]
}

/** Two minutes in all. */
const usualPatience: readonly number[] = [1, 2, 5, 10, 20, 30, 60].map((seconds) => seconds * 1000)

type Check = ReadBack['checks'][number]

/**
 * Fetches every file as a user would, and compares. What an address does not give out yet is looked for again; in the end it
 * is `late`, if the store itself has the right bytes.
 *
 * @throws TagproofError `readback-missing`, `hash-mismatch`
 */
export async function readBackAll(
  pieces: readonly { entry: DestinationFile; key: string }[],
  signed: { sums: Sums; signer: CheckedSigner; now: number } | null,
  request: ReadBackRequest
): Promise<ReadBack[]> {
  const back: ReadBack[] = []
  for (const { entry, key } of pieces) {
    const checks = [await checkBytes(key, entry, 'fixed', request)]
    if (signed !== null && key === signed.sums.key) checks.push(await checkSignature(signed, request))
    back.push({ name: entry.name, sha256: asSha256(entry.sha256), checks })
  }
  return back
}

/** The same for names that move; those of a newer release are not asked for. */
export async function readBackNames(
  aliases: readonly Alias[],
  states: readonly NameState[],
  request: ReadBackRequest
): Promise<NameReadBack[]> {
  const back: NameReadBack[] = []
  for (const { key, of } of aliases) {
    if (states.some((one) => one.name === key && one.state === 'ahead')) continue
    const found = (await request.store.hash(key))?.sha256
    // One that a newer release has taken meanwhile is the caller's to judge.
    if (found !== undefined && found !== of.sha256) back.push({ name: key, found, checks: [] })
    else back.push({ name: key, found: of.sha256, checks: [await checkBytes(key, of, 'moving', request)] })
  }
  return back
}

async function checkBytes(
  key: string,
  { size, sha256 }: DestinationFile,
  kind: 'fixed' | 'moving',
  request: ReadBackRequest
): Promise<Check> {
  const { reader, store, patience = usualPatience } = request
  for (let round = 0; ; round += 1) {
    const found = await reader.hash(key, size)
    if (found === sha256) return { what: 'bytes', result: 'agrees', note: '' }
    // A cache may still have the file that a name stood for before; what never changes cannot be another.
    if (found !== null && kind === 'fixed') throw otherBytes(key, found, sha256, request)
    const wait = patience[round]
    if (wait !== undefined) {
      await pause(wait, request.signal)
      continue
    }
    const there = (await store.hash(key))?.sha256 ?? null
    if (there === null) throw missing(key, sha256, request)
    if (there !== sha256) throw otherBytes(key, there, sha256, request)
    const note = `the store has it; ${reader.where(key)} ${found === null ? 'does not give it out yet' : 'still gives out the file before'}`
    return { what: 'bytes', result: 'late', note: note.slice(0, 500) }
  }
}

async function checkSignature(
  { sums, signer, now }: { sums: Sums; signer: CheckedSigner; now: number },
  request: ReadBackRequest
): Promise<Check> {
  const { reader, store } = request
  const read =
    (await reader.bytes(sums.signatureKey, largestSignature)) ??
    (await store.read(sums.signatureKey, largestSignature))?.bytes
  if (read === undefined) throw missing(sums.signatureKey, 'a signature of the list', request)
  const fault = faultOfSignature(read, sums, signer, now)
  if (fault !== null) throw otherBytes(sums.signatureKey, fault, 'a signature that users can verify', request)
  return { what: 'signature', result: 'agrees', note: '' }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => {
    throw new TagproofError('cancelled', 'Stopped on request.')
  })
}

function missing(key: string, expected: string, { destination, reader }: ReadBackRequest): TagproofError {
  return new TagproofError('readback-missing', `${destination} does not give out ${key}.`, {
    where: reader.where(key),
    expected,
    fix: 'Run publish again in a few minutes: what is there already is not sent a second time.'
  })
}

function otherBytes(
  key: string,
  found: string,
  expected: string,
  { destination, reader }: ReadBackRequest
): TagproofError {
  return new TagproofError('hash-mismatch', `${destination} gives out another ${key} than was sent.`, {
    where: reader.where(key),
    found,
    expected,
    fix: 'Warn your users at once: what is given out there is not what was proven. Take it down, and find out who changed it.'
  })
}
