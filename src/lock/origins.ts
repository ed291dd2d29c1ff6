import { fileURLToPath } from 'node:url'
import path from 'node:path'
import type { Sources } from '../documents/config.ts'
import {
  pythonPackages,
  type DebianPackage,
  type Lock,
  type PythonPackage,
  type RootLock
} from '../documents/lock.ts'
import type { HttpClient } from '../platform/http.ts'
import { securitySibling, type AptSource } from './apt-sources.ts'
import { wantedGit } from './git/wanted-git.ts'
import { wantedBlobs } from './images/wanted-blobs.ts'
import type { ImageSources } from './images/image-source.ts'
import { withNetrc, type Netrc } from './netrc.ts'
import { fixed, storeAddress, type Place } from './places.ts'
import type { PipConfiguration } from './pip-configuration.ts'
import { listLinks, listProject, type OfferedFile } from './simple-index.ts'

/** One locked file, and where it may be had, in the order of trying. */
export interface WantedFile {
  name: string
  file: string
  size: number
  sha256: DebianPackage['sha256']
  /** Looks up addresses when they are needed; a failing look-up is one failed try. */
  places: Place[]
}

export interface OriginsOptions {
  sources: Sources
  aptSources: readonly AptSource[]
  pip: PipConfiguration
  netrc: Netrc
  client: HttpClient
  /** Layouts and registries of base images. */
  images: () => Promise<ImageSources>
  /** Asked once, and only if it is needed. */
  defaultIndex: () => Promise<string>
  signal?: AbortSignal
}

/** Every distinct file of a lock with its places: mirror, snapshot, own store; or the indexes, own store; or a repository of git. */
export function wantedFiles(lock: Lock, options: OriginsOptions): WantedFile[] {
  const wanted = new Map<string, WantedFile>()
  const add = (file: WantedFile): void => {
    if (!wanted.has(file.sha256)) wanted.set(file.sha256, file)
  }
  for (const root of Object.values(lock.roots))
    for (const entry of root.packages) {
      const name = `${entry.name} ${entry.version}`
      const file = path.posix.basename(entry.file)
      add({ name, file, size: entry.size, sha256: entry.sha256, places: debianPlaces(root, entry, options) })
    }
  const indexes = indexReader(options)
  for (const python of Object.values(lock.python))
    for (const entry of pythonPackages(python))
      add({
        name: `${entry.name} ${entry.version}`,
        file: entry.file,
        size: entry.size,
        sha256: entry.sha256,
        places: pythonPlaces(entry, options, indexes)
      })
  for (const file of [...wantedBlobs(lock, options), ...wantedGit(lock, options)]) add(file)
  return [...wanted.values()]
}

function debianPlaces(root: RootLock, entry: DebianPackage, options: OriginsOptions): Place[] {
  const { mirror, snapshot, store } = options.sources
  const places: Place[] = []
  for (const base of archiveBases(root, entry, mirror, options.aptSources))
    places.push(fixed('mirror', `${base}/${encodePath(entry.file)}`))
  if (snapshot !== undefined)
    for (const url of snapshotUrls(snapshot, root, entry)) places.push(fixed('snapshot', url))
  if (store !== undefined) places.push(fixed('own store', storeAddress(store, entry.sha256)))
  return places
}

/** Archives that may hold the file: those with its own suite first, then those with any suite of the root. */
function archiveBases(
  root: RootLock,
  entry: DebianPackage,
  mirror: string | undefined,
  aptSources: readonly AptSource[]
): string[] {
  const suites = root.indexes.map((index) => index.suite)
  const having = (wanted: readonly string[]): string[] =>
    aptSources
      .filter((source) => source.suites.some((suite) => wanted.includes(suite)))
      .flatMap((source) => source.uris)
  const base = mirror?.replace(/\/+$/, '')
  const security = base === undefined || !entry.suite.endsWith('-security') ? [] : securitySibling(base)
  return [
    ...new Set([
      ...(base === undefined ? [] : [base]),
      ...security,
      ...having([entry.suite]),
      ...having(suites)
    ])
  ]
}

/**
 * Addresses at a snapshot service. The template is apt's own (apt.conf(5), Acquire::Snapshots::URI): it may hold
 * `@SNAPSHOTID@`; else the time is appended. A service answers with the state at that time, and a mirror run ends
 * after the date of its index: so a day later is tried as well.
 */
export function snapshotUrls(template: string, root: RootLock, entry: DebianPackage): string[] {
  const dates = root.indexes
    .filter((index) => index.suite === entry.suite)
    .map((index) => Date.parse(index.date))
    .filter((date) => !Number.isNaN(date))
  const hours = 60 * 60 * 1000
  return dates
    .flatMap((date) => [date + 6 * hours, date + 24 * hours])
    .map((date) => new Date(date).toISOString().replace(/[-:]|\.\d+/g, ''))
    .map((id) =>
      template.includes('@SNAPSHOTID@')
        ? template.replaceAll('@SNAPSHOTID@', id)
        : `${template.replace(/\/+$/, '')}/${id}`
    )
    .map((base) => `${base.replace(/\/+$/, '')}/${encodePath(entry.file)}`)
}

type IndexReader = (project: string) => { label: string; list: () => Promise<OfferedFile[]> }[]

/** Each page of an index is read once, however many files are wanted from it. */
function indexReader(options: OriginsOptions): IndexReader {
  const { pip, netrc, client, signal } = options
  const pages = new Map<string, Promise<OfferedFile[]>>()
  const once = (key: string, read: () => Promise<OfferedFile[]>) => (): Promise<OfferedFile[]> => {
    const known = pages.get(key) ?? read()
    pages.set(key, known)
    return known
  }
  const links = pip.findLinks.map((place) => ({
    label: 'find-links',
    list: once(place, () =>
      listLinks(client, /^https?:/i.test(place) ? withNetrc(place, netrc) : place, signal)
    )
  }))
  return (project) => {
    const index = (
      label: string,
      url: () => Promise<string>,
      key: string
    ): { label: string; list: () => Promise<OfferedFile[]> } => ({
      label,
      list: once(`${key} ${project}`, async () =>
        listProject(client, withNetrc(await url(), netrc), project, signal)
      )
    })
    const own = pip.indexUrl
    const indexes = pip.noIndex
      ? []
      : [
          index('index', own === null ? options.defaultIndex : () => Promise.resolve(own), 'index'),
          ...pip.extraIndexUrls.map((url) => index('extra index', () => Promise.resolve(url), url))
        ]
    return [...links, ...indexes]
  }
}

function pythonPlaces(entry: PythonPackage, options: OriginsOptions, indexes: IndexReader): Place[] {
  const places: Place[] = indexes(entry.name).map(({ label, list }) => ({
    label,
    // What the index says of the hash is not asked: the lock knows it, and the bytes are checked.
    find: async () =>
      (await list()).filter((offered) => offered.file === entry.file).map((offered) => offered.url)
  }))
  const { store } = options.sources
  if (store !== undefined) places.push(fixed('own store', storeAddress(store, entry.sha256)))
  return places
}

/** Path of a local place, or null for one on the network. */
export function localPath(address: string): string | null {
  if (/^https?:/i.test(address)) return null
  return /^(file|copy):/.test(address) ? fileURLToPath(address.replace(/^copy:/, 'file:')) : address
}

function encodePath(file: string): string {
  return file
    .split('/')
    .map((part) => encodeURIComponent(part).replaceAll('%2B', '+'))
    .join('/')
}
