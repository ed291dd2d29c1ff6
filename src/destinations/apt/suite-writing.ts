import { setTimeout as sleep } from 'node:timers/promises'
import { sha256OfBytes } from '../../platform/files.ts'
import type { CheckedSigner, SignedRelease } from './checked-signer.ts'
import type { PackageEntry } from './packages.ts'
import { suiteFiles, type IndexFile, type SuiteContent, type SuiteSettings } from './suite-content.ts'
import { distsOf, readSuite, refused, type ReadSuite, type SuitePlace } from './suite-reading.ts'

export interface SuiteWriter extends SuitePlace {
  signer: CheckedSigner
  /** Milliseconds. */
  wait: (milliseconds: number) => Promise<unknown>
}

/** With this many releases at one moment one may lose again and again. */
const mostRaces = 100

/**
 * Changes a suite: reads it, and writes what nobody sees before `InRelease` is swapped, which is the one moment at which readers
 * get another state. Who was slower reads what the other has written, and begins again, so that nothing is lost.
 *
 * The order: indexes by hash (nobody asks for them yet), `InRelease` (by compare-and-swap), then for readers that know neither
 * by-hash nor InRelease `Packages`, `Release.gpg` and `Release`. The last one is whole only when all is done: as long as it is not
 * that of InRelease, a rerun completes it. No index is ever deleted: a reader with an older InRelease finds its own.
 *
 * @param change the packages of the next state; null where there is nothing to change
 * @returns the state that is there now, and whether it is a new one
 * @throws TagproofError `suite-refused`, `signing-failed`; what `change` and the store throw
 */
export async function changeSuite(
  writer: SuiteWriter,
  settings: SuiteSettings,
  change: (content: SuiteContent | null) => readonly PackageEntry[] | null
): Promise<{ content: SuiteContent | null; changed: boolean }> {
  for (let race = 0; race < mostRaces; race += 1) {
    if (race > 0) await writer.wait(Math.random() * Math.min(race * 20, 500))
    const before = await readSuite(writer, settings)
    const entries = change(before.content)
    if (entries === null) {
      if (!before.settled) await completeSuite(writer, settings, before)
      return { content: before.content, changed: false }
    }
    const content = await commitState(writer, settings, before, entries)
    if (content !== null) return { content, changed: true }
  }
  throw refused(
    settings.suite,
    `${mostRaces} other releases at the same time`,
    'Run publish again when they have ended.'
  )
}

/** @returns null where somebody else was first */
async function commitState(
  writer: SuiteWriter,
  settings: SuiteSettings,
  before: ReadSuite,
  entries: readonly PackageEntry[]
): Promise<SuiteContent | null> {
  const { store, signer } = writer
  const dists = distsOf(settings.suite)
  const date = await nextDate(writer, before.content?.release.date ?? null)
  const { text, indexes, release } = await suiteFiles(
    settings,
    before.content?.release ?? null,
    entries,
    date
  )
  // Both signatures before anything is written: a signer that fails half-way leaves no trace.
  const signed = await signer.sign(text, date)
  for (const index of indexes) await createByHash(writer, settings.suite, index)
  const version = await store.replace(
    `${dists}/InRelease`,
    { bytes: Buffer.from(signed.inRelease) },
    before.version
  )
  if (version === null) return null
  await settle(writer, settings.suite, version, { text, indexes, signed })
  return { release, entries }
}

/** Later than before, and not in the future, which apt and sqv do not take. A state of far ahead was refused by whoever read it. */
async function nextDate({ now, wait }: SuiteWriter, before: number | null): Promise<number> {
  const earliest = (before ?? 0) + 1
  while (now() < earliest) await wait((earliest - now()) * 1000)
  return Math.max(earliest, now())
}

async function createByHash(
  { store }: SuiteWriter,
  suite: string,
  { path, bytes, sha256 }: IndexFile
): Promise<void> {
  const key = `${distsOf(suite)}/${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${sha256}`
  if ((await store.create(key, { bytes })) === 'created') return
  // An earlier state was the same; or somebody else has put something there.
  if ((await store.hash(key))?.sha256 !== sha256)
    throw refused(
      suite,
      `other bytes at ${key}`,
      'Remove this file, which no tool has written so; then run publish again.'
    )
}

/** The files of a state for readers of the old kind, once it is the one that `InRelease` shows. */
async function settle(
  { store }: SuiteWriter,
  suite: string,
  version: string,
  { text, indexes, signed }: { text: string; indexes: readonly IndexFile[]; signed: SignedRelease }
): Promise<void> {
  const dists = distsOf(suite)
  const files: (readonly [string, Buffer])[] = [
    ...indexes.map(({ path, bytes }) => [path, bytes] as const),
    ['Release.gpg', Buffer.from(signed.detached)],
    ['Release', Buffer.from(text)]
  ]
  for (const [name, bytes] of files)
    for (;;) {
      const there = await store.hash(`${dists}/${name}`)
      if (there?.sha256 === sha256OfBytes(bytes)) break
      // Somebody else has committed since: they write these files, and later than this look at `there`.
      if ((await store.hash(`${dists}/InRelease`))?.version !== version) return
      if ((await store.replace(`${dists}/${name}`, { bytes }, there?.version ?? null)) !== null) break
    }
}

/** What a run that was cut off has left undone: made again from what `InRelease` says. */
async function completeSuite(
  writer: SuiteWriter,
  settings: SuiteSettings,
  { version, text, content }: ReadSuite
): Promise<void> {
  if (version === null || text === null || content === null) return
  const { date } = content.release
  const same = { ...settings, origin: null, label: null }
  const made = await suiteFiles(same, content.release, content.entries, date)
  // Another tool wrote it, in another way: it keeps its own files.
  if (made.text !== text) return
  // Not dated back: the key may be younger than the state.
  const signed = await writer.signer.sign(text, writer.now())
  await settle(writer, settings.suite, version, { text, indexes: made.indexes, signed })
}

/** For callers without a clock of their own. */
export const systemTime = {
  now: (): number => Math.floor(Date.now() / 1000),
  wait: (milliseconds: number): Promise<unknown> => sleep(milliseconds)
}
