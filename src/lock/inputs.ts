import { rm } from 'node:fs/promises'
import type { Sources } from '../documents/config.ts'
import { sha256 } from '../documents/identifiers.ts'
import type { GitLock } from '../documents/git-inputs.ts'
import type { DebianPackage, Lock, PythonPackage } from '../documents/lock.ts'
import { downloadFile } from '../platform/download.ts'
import { TagproofError } from '../platform/errors.ts'
import { createHttpClient, type HttpClient } from '../platform/http.ts'
import type { Log, Progress } from '../platform/log.ts'
import { readAptHost } from './apt-host.ts'
import type { AptSource } from './apt-sources.ts'
import { defaultIndexUrl } from './default-index.ts'
import { openImageSources, type ImageSources } from './images/image-source.ts'
import { readNetrc, type Netrc } from './netrc.ts'
import { localPath, wantedFiles, type WantedFile } from './origins.ts'
import type { Download } from './places.ts'
import { readPipConfiguration, type PipConfiguration } from './pip-configuration.ts'
import { openStore, type Store } from './store.ts'

/** Where the files of a lock lie, once they are all there. */
export interface Inputs {
  debian(entry: Pick<DebianPackage, 'sha256'>): string
  python(entry: Pick<PythonPackage, 'sha256'>): string
  /** The archive of a git input. */
  git(entry: Pick<GitLock, 'sha256'>): string
  /** A blob of a base image, by `sha256:…`. */
  blob(digest: string): string
}

export interface FetchInputsOptions {
  /** Folder of files by SHA-256. */
  store: string
  sources: Sources
  log: Log
  offline?: boolean
  signal?: AbortSignal
  /** Collaborators with defaults: the machine's own settings. */
  client?: HttpClient
  aptSources?: readonly AptSource[]
  pip?: PipConfiguration
  netrc?: Netrc
  defaultIndex?: () => Promise<string>
  /** Variables of the machine, for the logins of registries. */
  environment?: Readonly<Record<string, string | undefined>>
}

/** So many downloads at once: more gains nothing, and servers dislike it. */
const downloadsAtOnce = 8
const namedInMessages = 5

/**
 * Makes the store hold every file of the lock, and nothing is believed but the bytes: size and SHA-256 are checked
 * for each file, old or new. What is there is not fetched again; without a missing file no network is touched.
 *
 * @throws TagproofError `input-missing` (offline, or no place has the file), `hash-mismatch` (places sent other
 *   bytes and none the right ones), `network`, `cancelled`
 */
export async function fetchInputs(lock: Lock, options: FetchInputsOptions): Promise<Inputs> {
  const store = await openStore(options.store)
  const all = wantedFiles(lock, await originsOf(options, lock, store))
  const missing: WantedFile[] = []
  for (const file of all) if (!(await store.holds(file))) missing.push(file)
  if (missing.length > 0) {
    if (options.offline === true) throw notThere(missing, all.length)
    await fetchMissing(missing, store, options)
  }
  const at = (entry: { sha256: DebianPackage['sha256'] }): string => store.path(entry.sha256)
  return {
    debian: at,
    python: at,
    git: at,
    blob: (digest) => store.path(sha256(digest.slice('sha256:'.length)))
  }
}

const clients = new WeakMap<FetchInputsOptions, HttpClient>()

function clientOf(options: FetchInputsOptions): HttpClient {
  const client = options.client ?? clients.get(options) ?? createHttpClient()
  clients.set(options, client)
  return client
}

async function originsOf(
  options: FetchInputsOptions,
  lock: Lock,
  store: Store
): Promise<Parameters<typeof wantedFiles>[1]> {
  const pipPackage = Object.values(lock.roots)
    .flatMap((root) => root.packages)
    .find((entry) => entry.name === 'python3-pip-whl')
  let asked: Promise<string> | undefined
  let images: Promise<ImageSources> | undefined
  const ask =
    options.defaultIndex ??
    ((): Promise<string> => defaultIndexUrl(pipPackage === undefined ? null : store.path(pipPackage.sha256)))
  return {
    sources: options.sources,
    aptSources: options.aptSources ?? (await readAptHost()).sources,
    pip: options.pip ?? (await readPipConfiguration()),
    netrc: options.netrc ?? (await readNetrc(process.env)),
    client: clientOf(options),
    defaultIndex: () => (asked ??= ask()),
    images: () => (images ??= openImageSources({ ...options, client: clientOf(options) })),
    ...(options.signal === undefined ? {} : { signal: options.signal })
  }
}

async function fetchMissing(
  missing: readonly WantedFile[],
  store: Store,
  options: FetchInputsOptions
): Promise<void> {
  const client = clientOf(options)
  const total = missing.reduce((sum, file) => sum + file.size, 0)
  const progress = options.log.begin(`fetch: ${missing.length} files, ${megabytes(total)} MB`)
  const started = Date.now()
  const failures: Failure[] = []
  let received = 0
  let finished = 0
  const queue = missing[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const file of queue) {
      const failure = await fetchOne(file, store, client, options.signal, (count) => {
        received += count
      })
      if (failure !== null) failures.push(failure)
      else finished += 1
      report(progress, finished, missing.length, received, file)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(downloadsAtOnce, missing.length) }, worker))
    if (failures.length > 0) throw failed(failures, missing.length)
    const seconds = (Date.now() - started) / 1000
    progress.done(`${megabytes(received)} MB, ${(received / 1e6 / Math.max(seconds, 0.001)).toFixed(1)} MB/s`)
  } catch (error) {
    progress.failed()
    throw error
  } finally {
    if (options.client === undefined) {
      client.close()
      clients.delete(options)
    }
  }
}

function report(progress: Progress, finished: number, all: number, received: number, file: WantedFile): void {
  progress.line(`${finished}/${all} files, ${megabytes(received)} MB: ${file.name}`)
}

interface Failure {
  file: WantedFile
  tries: { label: string; error: TagproofError | null }[]
}

/** Tries the places in turn. A wrong file at one place does not hide the right one at the next. */
async function fetchOne(
  file: WantedFile,
  store: Store,
  client: HttpClient,
  signal: AbortSignal | undefined,
  onBytes: (count: number) => void
): Promise<Failure | null> {
  const tries: Failure['tries'] = []
  for (const place of file.places) {
    try {
      const addresses = await place.find()
      for (const address of addresses)
        if (await take(address, file, store, client, signal, onBytes, place.download)) return null
      tries.push({ label: place.label, error: null })
    } catch (error) {
      if (!(error instanceof TagproofError) || error.code === 'cancelled') throw error
      tries.push({ label: place.label, error })
    }
  }
  return { file, tries }
}

async function take(
  address: string,
  file: WantedFile,
  store: Store,
  client: HttpClient,
  signal: AbortSignal | undefined,
  onBytes: (count: number) => void,
  download?: Download
): Promise<boolean> {
  const local = localPath(address)
  if (local !== null) return store.adopt(local, file)
  const partial = await store.claimPartial(file.sha256)
  try {
    if (download !== undefined) await download(partial, onBytes)
    else
      await downloadFile(client, address, partial, file, {
        onBytes,
        ...(signal === undefined ? {} : { signal })
      })
    await store.keep(partial, file.sha256)
    return true
  } catch (error) {
    // A cut download is kept for the next attempt; an answer that cannot be right leaves nothing to go on with.
    const useful = error instanceof TagproofError && (error.code === 'network' || error.code === 'cancelled')
    if (useful) await store.release(partial, file.sha256)
    else await rm(partial, { force: true })
    throw error
  }
}

function notThere(missing: readonly WantedFile[], all: number): TagproofError {
  return new TagproofError('input-missing', `${missing.length} of ${all} inputs are not in the store.`, {
    found: nameSome(missing),
    fix: 'Run tagproof fetch once with a network, or copy an own store here and name it in sources.store.'
  })
}

function failed(failures: readonly Failure[], all: number): TagproofError {
  const errors = failures.flatMap(({ tries }) => tries.map(({ error }) => error))
  const wrong = errors.find((error) => error?.code === 'hash-mismatch' || error?.code === 'object-corrupt')
  const unreachable = errors.every((error) => error?.code === 'network') && errors.length > 0
  const code = wrong !== undefined ? 'hash-mismatch' : unreachable ? 'network' : 'input-missing'
  const message =
    wrong !== undefined
      ? `${failures.length} of ${all} inputs cannot be had as the lock names them: a server sent other bytes.`
      : `${failures.length} of ${all} inputs cannot be fetched.`
  return new TagproofError(code, message, {
    found: nameSome(failures.map(({ file }) => file)),
    output: failures.slice(0, namedInMessages).map(describeFailure).join('\n'),
    fix:
      wrong !== undefined
        ? 'Do not lock again before you know why the bytes differ: another mirror or the own store may have the right file.'
        : 'Name a snapshot service, layouts or an own store in sources, or make a new lock (tagproof lock).',
    cause: errors.find((error) => error !== null)
  })
}

function describeFailure({ file, tries }: Failure): string {
  if (tries.length === 0) return `${file.file}: no place is configured where it could be`
  const lines = tries.map(({ label, error }) =>
    error === null
      ? `  ${label}: not there`
      : `  ${label}: ${error.message}${error.detail.found === undefined ? '' : ` Found ${error.detail.found}.`}`
  )
  return [`${file.file}:`, ...lines].join('\n')
}

function nameSome(files: readonly WantedFile[]): string {
  const named = files.slice(0, namedInMessages).map((file) => file.file)
  const rest = files.length - named.length
  return named.join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
