import { setTimeout as sleep } from 'node:timers/promises'
import type { OfferedFile } from '../../lock/simple-index.ts'
import type { ReadBack } from '../../documents/receipt.ts'
import { sha256 as asSha256 } from '../../documents/identifiers.ts'
import type { Upload } from '../../documents/uploads.ts'
import { settleEach } from '../../platform/concurrency.ts'
import { TagproofError } from '../../platform/errors.ts'
import { hashOfAddress } from './bytes.ts'
import { isSilent, lookAtMetadata } from './read-back-metadata.ts'
import { mismatch } from './refusals.ts'
import { checkProvenance, type Attestations } from './provenance.ts'
import { releasesOf, type StateContext } from './state.ts'

type Check = ReadBack['checks'][number]

export interface ReadBackContext extends StateContext {
  /** Attestations that were sent, by file name; null where the destination sends none. */
  attestations: Attestations | null
  /** Milliseconds to wait before each further look at what is not there yet: caches take their time. */
  patience: readonly number[]
}

/** Five minutes in all; what only a cache still hides is waited for in the first six of them. */
export const usualPatience: readonly number[] = [1, 2, 4, 8, 15, 30, 60, 60, 60, 60].map(
  (seconds) => seconds * 1000
)
const roundsForCaches = 6

/** What is known of one file so far. */
interface Seen {
  upload: Upload
  /** Where the index lists it; null for one of the two that does not exist here. */
  json: boolean | null
  simple: boolean
  url: string | null
  bytes: boolean
  metadata: Check | null
  provenance: Check | null
}

/**
 * Fetches what users would fetch, and compares: what the index lists, the bytes, the metadata beside a wheel, and the
 * provenance. What a cache does not show yet is looked for again, and in the end is `late`; the bytes are not.
 *
 * @throws TagproofError `hash-mismatch` for anything else than what was sent, `readback-missing` for bytes that never came
 */
export async function readBackUploads(
  uploads: readonly Upload[],
  context: ReadBackContext
): Promise<ReadBack[]> {
  const seen = uploads.map((upload): Seen => ({
    upload,
    json: context.reader.service.jsonUrl === null ? null : false,
    simple: false,
    url: null,
    bytes: false,
    metadata: null,
    provenance: null
  }))
  for (let round = 0; ; round += 1) {
    await look(seen, context)
    const wait = context.patience[round]
    if (seen.every((file) => isWhole(file, context)) || wait === undefined) break
    if (seen.every(({ bytes }) => bytes) && round >= roundsForCaches) break
    await sleep(wait, undefined, context.signal === undefined ? {} : { signal: context.signal }).catch(() => {
      throw new TagproofError('cancelled', 'Stopped on request.')
    })
  }
  return seen.map((file) => resultOf(file, context))
}

function isWhole(file: Seen, context: ReadBackContext): boolean {
  return (
    file.bytes &&
    file.simple &&
    file.json !== false &&
    (file.upload.metadata === null ||
      file.metadata?.result === 'agrees' ||
      isSilent(context.reader.service)) &&
    (context.attestations === null || file.provenance?.result !== 'late')
  )
}

async function look(seen: readonly Seen[], context: ReadBackContext): Promise<void> {
  const files = new Map(seen.map((file) => [file.upload.name, file]))
  for (const { project, version, uploads } of releasesOf(seen.map(({ upload }) => upload))) {
    const wanted = uploads.flatMap(({ name }) => files.get(name) ?? [])
    const listed = wanted.some(({ json }) => json === false)
      ? ((await context.reader.release(project, version)) ?? [])
      : []
    const paged = wanted.some(({ simple }) => !simple)
      ? ((await context.reader.project(project))?.files ?? [])
      : []
    for (const file of wanted) {
      if (compare(file, listed, 'the JSON of the release', context)) file.json = true
      if (compare(file, paged, 'the simple index', context)) file.simple = true
    }
    await settleEach(wanted, atOnce(wanted.length), (file) => lookAtFile(file, context))
  }
}

/** A release of many wheels is read back some files at a time, but no index is stormed. */
function atOnce(files: number): number {
  return Math.min(Math.ceil(files / 8), 6)
}

/** Whether a list has the file; takes its address from there. */
function compare(file: Seen, list: readonly OfferedFile[], where: string, context: ReadBackContext): boolean {
  const { upload } = file
  const offered = list.find(({ file: name }) => name === upload.name)
  if (offered === undefined) return false
  if (offered.sha256 !== null && offered.sha256 !== upload.sha256)
    throw mismatch(
      context.reader.service,
      upload,
      `${upload.name} has another hash in ${where}`,
      offered.sha256,
      upload.sha256
    )
  file.url ??= offered.url
  return true
}

async function lookAtFile(file: Seen, context: ReadBackContext): Promise<void> {
  const { upload, url } = file
  if (url === null) return
  if (!file.bytes) {
    const found = await hashOfAddress(url, upload.size, context)
    if (found === null) return
    if (found.sha256 !== upload.sha256)
      throw mismatch(
        context.reader.service,
        upload,
        `${upload.name} has other bytes`,
        found.size > upload.size ? `more than ${upload.size} bytes` : found.sha256,
        upload.sha256
      )
    file.bytes = true
  }
  if (upload.metadata !== null && file.metadata?.result !== 'agrees')
    file.metadata = await lookAtMetadata(url, upload, upload.metadata, context)
  if (context.attestations !== null && file.provenance?.result !== 'agrees')
    file.provenance = await checkProvenance(upload, context.attestations, context)
}

function resultOf(file: Seen, context: ReadBackContext): ReadBack {
  const { upload, json, simple, bytes, metadata, provenance } = file
  if (!bytes)
    throw new TagproofError(
      'readback-missing',
      `${context.reader.service.name} does not give out ${upload.name}.`,
      {
        found: file.url === null ? 'no list of the index has it' : 'an address without a file',
        expected: `${upload.sha256} (${upload.size} bytes)`,
        fix: 'The upload is done; run the job again in some minutes: nothing is sent again, and it is read back then.'
      }
    )
  const late = [
    ...(json === false ? ['the JSON of the release'] : []),
    ...(simple ? [] : ['the simple index'])
  ]
  const index: Check =
    late.length === 0
      ? { what: 'index', result: 'agrees', note: json === null ? 'simple index' : 'JSON and simple index' }
      : { what: 'index', result: 'late', note: `not yet in ${late.join(' and ')}: a cache` }
  const checks: Check[] = [index, { what: 'bytes', result: 'agrees', note: `${upload.size} bytes, by hash` }]
  return {
    name: upload.name,
    sha256: asSha256(upload.sha256),
    checks: [...checks, ...[metadata, provenance].filter((check) => check !== null)]
  }
}
