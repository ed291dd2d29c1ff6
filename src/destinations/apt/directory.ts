import { rm } from 'node:fs/promises'
import path from 'node:path'
import { readDebControl } from '../../formats/deb-control.ts'
import { hashFile, replaceFolder } from '../../platform/files.ts'
import { directoryStore } from '../stores/directory-store.ts'
import { checkedSigner } from './checked-signer.ts'
import { aptDestination } from './destination.ts'
import type { DebFile } from './packages.ts'
import { ephemeralSigner, type ReleaseSigner } from './signer.ts'

export interface AptDirectoryRequest {
  /** Files, in one folder. */
  debs: readonly string[]
  /** Becomes the root of the repository; what was there is replaced. */
  folder: string
  /** Such as `bookworm` or `stable`. */
  suite: string
  /** Seconds since 1970: what the Release is dated, and all signatures. */
  date: number
  /** Default: a new key that is not kept. */
  signer?: ReleaseSigner
}

export interface AptDirectory {
  /** Of the key in `key.asc`. */
  fingerprint: string
  /** A line for `sources.list`, for apt on this machine. */
  source: string
}

/**
 * Writes a signed apt repository as a folder, with all that a published one has, and `key.asc`, the public key. All but the
 * signatures is a function of the debs and the date, and the signatures are of key and date. The folder appears whole.
 *
 * @throws TagproofError `archive-invalid`; `destination-different` where two debs claim one place; `config-invalid`
 */
export async function aptDirectory(request: AptDirectoryRequest): Promise<AptDirectory> {
  const { folder, suite, date } = request
  const signer = request.signer ?? (await ephemeralSigner(date))
  const root = path.resolve(folder)
  const unfinished = `${root}.part`
  const debs: DebFile[] = []
  for (const file of request.debs) debs.push(await debFileOf(file))
  const destination = aptDestination({
    name: 'local/apt',
    store: directoryStore({ folder: unfinished, address: folder }),
    signer: checkedSigner({ signer, key: null, now: () => date }),
    suites: [{ suite, debs }],
    component: 'main',
    origin: null,
    label: null,
    packages: path.dirname(path.resolve(request.debs[0] ?? '.')),
    url: null,
    message: '',
    environment: {},
    time: { now: () => date, wait: () => Promise.resolve() }
  })
  await rm(unfinished, { recursive: true, force: true })
  try {
    await destination.commit(
      debs.map(({ name }) => name),
      () => Promise.resolve()
    )
    await destination.moving?.move([`suite ${suite}`], () => Promise.resolve())
    await destination.close()
    await replaceFolder(unfinished, folder)
  } catch (error) {
    await destination.close()
    await rm(unfinished, { recursive: true, force: true })
    throw error
  }
  const source = `deb [signed-by=${path.join(root, 'key.asc')}] copy:${root} ${suite} main`
  return { fingerprint: signer.fingerprint, source }
}

/**
 * Reads a deb with all its checks.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function debFileOf(file: string): Promise<DebFile> {
  const { control, text } = await readDebControl(file)
  const { name, version, architecture, fields } = control
  return {
    name: path.basename(file),
    ...(await hashFile(file)),
    package: name,
    version,
    architecture,
    source: fields.get('source') ?? name,
    control: text.trimEnd()
  }
}
