import { isUtf8 } from 'node:buffer'
import { TagproofError } from '../../platform/errors.ts'
import { sha256OfBytes } from '../../platform/files.ts'
import type { Store } from '../stores/store.ts'
import { OpenPgpProblem } from './openpgp/bytes.ts'
import { verifyCleartext, verifyDetached, type TrustedKeys } from './openpgp/trusted-keys.ts'
import { identityOf, parsePackages, type PackageEntry } from './packages.ts'
import { parseRelease, type ListedFile, type ReleaseFields } from './release.ts'
import type { SuiteContent } from './suite-content.ts'

export interface SuitePlace {
  store: Store
  trusted: TrustedKeys
  /** Seconds since 1970. */
  now: () => number
  /** What the last state of each suite was found to be; the same InRelease says the same. */
  known?: Map<string, KnownState>
}

interface KnownState {
  version: string
  text: string
  content: SuiteContent
}

/** A suite as it is in a store. */
export interface ReadSuite {
  /** Of the InRelease, for compare-and-swap; null where there is none. */
  version: string | null
  /** The text that is signed. */
  text: string | null
  content: SuiteContent | null
  /** Whether the files for readers that do not know InRelease are those of this state. */
  settled: boolean
}

const largestRelease = 16 * 1024 * 1024
const largestIndex = 512 * 1024 * 1024
/** A writer that commits while we read makes us read again. */
const mostReadings = 10

/** A later date would have to be waited for: an earlier one does not reach those who have this one. */
const mostAheadSeconds = 60

export const distsOf = (suite: string): string => `dists/${suite}`

/**
 * Reads a suite, and believes nothing of it but what the keys have signed: `InRelease`, the indexes that it names by hash,
 * and no state that is older than the one of `Release`, which is written after it.
 *
 * @throws TagproofError `suite-refused`
 */
export async function readSuite(
  place: SuitePlace,
  { suite, component }: { suite: string; component: string }
): Promise<ReadSuite> {
  for (let reading = 1; ; reading += 1) {
    const found = await readOnce(place, suite, component)
    if (found !== null) return found
    if (reading < mostReadings) continue
    throw refused(suite, 'its files change faster than they can be read', 'Run publish again.')
  }
}

/** @returns null where it changed meanwhile */
async function readOnce(place: SuitePlace, suite: string, component: string): Promise<ReadSuite | null> {
  const { store } = place
  const dists = distsOf(suite)
  const inRelease = await store.read(`${dists}/InRelease`, largestRelease)
  const plain = await store.read(`${dists}/Release`, largestRelease)
  if (inRelease === null) {
    if (plain === null) return { version: null, text: null, content: null, settled: false }
    if ((await store.hash(`${dists}/InRelease`)) !== null) return null
    throw refused(
      suite,
      'a Release without InRelease',
      'Find out who took InRelease away, and put the newest one back; readers of today need it.'
    )
  }
  const changed = async (): Promise<boolean> =>
    (await store.hash(`${dists}/InRelease`))?.version !== inRelease.version
  const known = place.known?.get(`${suite} ${component}`)
  const same = known?.version === inRelease.version ? known : null
  const { text, release } =
    same === null
      ? verifiedRelease(place, suite, inRelease.bytes)
      : { text: same.text, release: same.content.release }
  if (plain !== null && !plain.bytes.equals(Buffer.from(text))) {
    const later = await laterRelease(place, suite, plain.bytes, release.date)
    if (later !== null) {
      if (await changed()) return null
      throw older(suite, release.date, later)
    }
  }
  const entries = same?.content.entries ?? (await readEntries(place, suite, component, release))
  if (entries === null) {
    if (await changed()) return null
    throw refused(
      suite,
      'an index with another hash than its Release says, or none',
      'Restore the files of dists from a backup, or find out what else writes to the repository.'
    )
  }
  const content = { release, entries }
  place.known?.set(`${suite} ${component}`, { version: inRelease.version, text, content })
  return {
    version: inRelease.version,
    text,
    content,
    settled: plain?.bytes.equals(Buffer.from(text)) === true
  }
}

function verifiedRelease(
  { trusted, now }: SuitePlace,
  suite: string,
  bytes: Buffer
): { text: string; release: ReleaseFields } {
  try {
    const { text } = verifyCleartext(bytes.toString('utf8'), trusted, now())
    const release = parseRelease(text)
    if (![release.suite, release.codename].includes(suite))
      throw new RangeError(`it is the Release of the suite ${release.suite}`)
    if (release.date > now() + mostAheadSeconds)
      throw new RangeError(
        `it is dated ${new Date(release.date * 1000).toISOString()}, in the future: look at the clock`
      )
    return { text, release }
  } catch (error) {
    if (!(error instanceof OpenPgpProblem) && !(error instanceof RangeError)) throw error
    throw refused(
      suite,
      error.message,
      'Release with the key that its users trust; or, if the key has changed, put the old public key beside the new one into the file of key. If nobody changed it, find out who wrote to the repository.',
      error
    )
  }
}

/** The date of a Release that its signature proves to be of a later state; null otherwise. */
async function laterRelease(
  { store, trusted, now }: SuitePlace,
  suite: string,
  plain: Buffer,
  date: number
): Promise<number | null> {
  const signature = await store.read(`${distsOf(suite)}/Release.gpg`, largestRelease)
  if (signature === null) return null
  try {
    verifyDetached(signature.bytes.toString('utf8'), plain, trusted, now())
    const release = parseRelease(plain.toString('utf8'))
    return release.date > date ? release.date : null
  } catch (error) {
    // Written by halves, or by somebody else: it proves nothing, and is written again.
    if (error instanceof OpenPgpProblem || error instanceof RangeError) return null
    throw error
  }
}

function older(suite: string, found: number, expected: number): TagproofError {
  const text = (date: number): string => new Date(date * 1000).toISOString()
  return new TagproofError('suite-refused', `The suite ${suite} shows an older state than it had.`, {
    where: `${distsOf(suite)}/InRelease`,
    found: `InRelease of ${text(found)}`,
    expected: `InRelease of ${text(expected)} or later: the signed Release beside it is of that time`,
    fix: 'Somebody has put an old InRelease back, or a backup was restored by halves. Find out who; then restore the newest InRelease. A release upon the old one would lose packages.'
  })
}

/** All packages of our component. @returns null where an index is not the one that is listed */
async function readEntries(
  { store }: SuitePlace,
  suite: string,
  component: string,
  { files }: ReleaseFields
): Promise<PackageEntry[] | null> {
  const entries = new Map<string, PackageEntry>()
  for (const file of files) {
    if (!file.path.startsWith(`${component}/binary-`) || !file.path.endsWith('/Packages')) continue
    const text = await readIndex(store, distsOf(suite), file)
    if (text === null) return null
    try {
      if (!isUtf8(text)) throw new RangeError('its text is not UTF-8')
      for (const entry of parsePackages(text.toString('utf8'))) entries.set(identityOf(entry), entry)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw refused(
        suite,
        `${file.path}: ${error.message}`,
        'Write this index again with the tool that made it.',
        error
      )
    }
  }
  return [...entries.values()]
}

async function readIndex(store: Store, dists: string, file: ListedFile): Promise<Buffer | null> {
  if (file.size > largestIndex) return null
  const folder = file.path.slice(0, file.path.lastIndexOf('/'))
  for (const key of [`${dists}/${folder}/by-hash/SHA256/${file.sha256}`, `${dists}/${file.path}`]) {
    const found = await store.read(key, largestIndex)
    if (found?.bytes.length === file.size && sha256OfBytes(found.bytes) === file.sha256) return found.bytes
  }
  return null
}

export function refused(suite: string, found: string, fix: string, cause?: unknown): TagproofError {
  return new TagproofError('suite-refused', `The suite ${suite} cannot be added to.`, {
    where: `${distsOf(suite)}/InRelease`,
    found,
    expected: 'a suite whose InRelease is signed by the key that users trust',
    fix,
    ...(cause === undefined ? {} : { cause })
  })
}
