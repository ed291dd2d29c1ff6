import type { Store } from '../stores/store.ts'
import type { NameValues } from '../templates.ts'
import { fixedPrefix, keyReader, newestFirst, type KnownKey } from './known-keys.ts'
import { sumsTemplate } from './names.ts'

/** Which release bytes are of, and the keys of which one has them under a name that never changes. */
export interface Owner {
  version: string
  keys: readonly string[]
}

export interface Library {
  store: Store
  /** Template of names that never change. */
  names: string
  values: NameValues
}

const largestSums = 4 << 20
/** Files that are read where no list of hashes tells of them. */
const mostHashed = 40

/**
 * Which release bytes are of, the newest if several: what the lists of hashes in the store say, which lie under names that
 * never change; and for releases without such a list, what their files are. Nothing is kept for this that could be wrong.
 *
 * @returns null where no release in the store has these bytes
 */
export async function ownerOfBytes({ store, names, values }: Library, sha256: string): Promise<Owner | null> {
  const sums = sumsTemplate(names)
  const keys = await listed(store, [fixedPrefix(names), fixedPrefix(sums)])
  const lists = keys.map(keyReader(sums, values)).filter((one) => one !== null)
  const files = keys.map(keyReader(names, values)).filter((one) => one !== null)
  for (const version of newestFirst(lists)) {
    const list = lists.find((one) => one.version === version)
    const name = list === undefined ? null : await nameIn(store, list.key, sha256)
    if (name === null) continue
    const ofVersion = files.filter((one) => one.version === version && (one.file ?? name) === name)
    // Where the template tells no version, the name of the file does.
    const named = keys.filter((key) => key === name || key.endsWith(`/${name}`))
    return { version, keys: ofVersion.length > 0 ? ofVersion.map(({ key }) => key) : named }
  }
  const unlisted = files.filter(({ version }) => !lists.some((list) => list.version === version))
  return ownerAmong(store, unlisted, sha256)
}

async function ownerAmong(store: Store, files: readonly KnownKey[], sha256: string): Promise<Owner | null> {
  const inOrder = newestFirst(files).flatMap((version) => files.filter((file) => file.version === version))
  for (const { key, version } of inOrder.slice(0, mostHashed))
    if ((await store.hash(key))?.sha256 === sha256) return { version, keys: [key] }
  return null
}

async function listed(store: Store, prefixes: readonly string[]): Promise<string[]> {
  const shortFirst = [...prefixes].sort((one, other) => one.length - other.length)
  // What begins with a shorter one is in its list.
  const needed = new Set(
    shortFirst.map((prefix) => shortFirst.find((other) => prefix.startsWith(other)) ?? prefix)
  )
  const keys = new Set<string>()
  for (const prefix of needed) for await (const key of store.list(prefix)) keys.add(key)
  return [...keys]
}

/** Name of the file that a list of hashes has under this hash, or null. */
async function nameIn(store: Store, key: string, sha256: string): Promise<string | null> {
  const text = (await store.read(key, largestSums))?.bytes.toString('utf8') ?? ''
  const line = text.split('\n').find((one) => one.startsWith(`${sha256}  `))
  return line?.slice(sha256.length + 2) ?? null
}
