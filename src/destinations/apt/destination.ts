import type { ReadBack } from '../../documents/receipt.ts'
import { TagproofError } from '../../platform/errors.ts'
import { joinInside } from '../../platform/files.ts'
import type { ArtifactState, Destination, WriteEvent } from '../destination.ts'
import { requireReadBack } from '../read-back.ts'
import type { Store } from '../stores/store.ts'
import { askApt } from './apt-client.ts'
import type { CheckedSigner } from './checked-signer.ts'
import { entryOf, identityOf, type DebFile, type PackageEntry } from './packages.ts'
import { requirePool } from './pool.ts'
import { keyIsMissing } from './public-key-file.ts'
import { readSuite } from './suite-reading.ts'
import { suiteNames, type ReleaseSuite } from './suite-names.ts'
import { systemTime, type SuiteWriter } from './suite-writing.ts'

export interface AptRequest {
  name: string
  store: Store
  signer: CheckedSigner
  /** Suites by name, and the debs that go there. */
  suites: readonly { suite: string; debs: readonly DebFile[] }[]
  component: string
  origin: string | null
  label: string | null
  /** Folder with the debs. */
  packages: string
  /** The root of the repository as apt finds it (`https:`, `copy:/…`); null where only the store is known. */
  url: string | null
  /** For the commit of stores that make one. */
  message: string
  environment: Readonly<Record<string, string | undefined>>
  /** Default: the clock of this machine. */
  time?: Pick<SuiteWriter, 'now' | 'wait'>
  /** Waits of the read-back, in milliseconds, until caches show the new state. */
  patience?: readonly number[]
  signal?: AbortSignal
}

interface Placed {
  deb: DebFile
  entry: PackageEntry
  source: string
}

const suiteForm = /^[a-z0-9][a-z0-9.+-]*$/i

/**
 * A signed apt repository of static files. Debs go into the pool under names that never change; suites are names that move.
 *
 * @throws TagproofError `config-invalid` for names that cannot be; `archive-invalid` for a deb that cannot be listed;
 *   `destination-different` for two debs of one place
 */
export function aptDestination(request: AptRequest): Destination {
  const { name, store, signer, component, origin, label } = request
  const time = request.time ?? systemTime
  const writer: SuiteWriter = { store, signer, trusted: signer.trusted, known: new Map(), ...time }
  const placed = placesOf(request)
  const artifacts = placed.map(({ deb }) => deb)
  const suites: ReleaseSuite[] = request.suites.map(({ suite, debs }) => ({
    suite: requireName('suite', suite),
    component: requireName('component', component),
    origin,
    label,
    added: debs.map((deb) => entryOf(deb, component))
  }))
  const wanted = (missing: readonly string[]): Placed[] =>
    placed.filter(({ deb }) => missing.includes(deb.name))

  async function stateOf(
    { deb, entry }: Placed,
    listed: ReadonlyMap<string, string>
  ): Promise<ArtifactState> {
    const there = await store.hash(entry.filename)
    const found = there?.sha256 ?? listed.get(identityOf(entry)) ?? null
    if (found !== null && found !== deb.sha256) return { name: deb.name, state: 'different', found }
    const other = listed.get(identityOf(entry))
    if (other !== undefined && other !== deb.sha256)
      return { name: deb.name, state: 'different', found: other }
    return { name: deb.name, state: there === null ? 'absent' : 'identical' }
  }

  /** What the suites of the release say of versions, whatever the files are called. */
  async function listedNow(): Promise<Map<string, string>> {
    const listed = new Map<string, string>()
    for (const suite of suites) {
      const { content } = await readSuite(writer, suite)
      for (const entry of content?.entries ?? []) listed.set(identityOf(entry), entry.sha256)
    }
    return listed
  }

  async function commit(
    missing: readonly string[],
    onWritten: (event: WriteEvent) => Promise<void>
  ): Promise<void> {
    for (const { deb, entry, source } of wanted(missing)) {
      const { size, sha256 } = deb
      const outcome = await store.create(entry.filename, { file: source, size, sha256 })
      if (outcome === 'exists') await requirePool(store, [entry])
      if (missing.at(-1) === deb.name) await store.hold()
      await onWritten({ name: deb.name, outcome: outcome === 'created' ? 'sent' : 'there' })
    }
  }

  async function readBack(): Promise<ReadBack[]> {
    const back: ReadBack[] = []
    for (const { deb, entry } of placed) {
      const there = await store.hash(entry.filename)
      if (there === null) continue
      const checks: ReadBack['checks'] = [{ what: 'bytes', result: 'agrees', note: '' }]
      back.push({ name: deb.name, sha256: there.sha256, checks })
    }
    return requireReadBack({ name, address: store.address, artifacts }, back)
  }

  return {
    name,
    kind: 'apt',
    address: store.address,
    artifacts,
    async preflight() {
      await store.preflight()
      await signer.prove(time.now())
      await keyIsMissing(store, signer)
    },
    async state() {
      const listed = await listedNow()
      const states: ArtifactState[] = []
      for (const one of placed) states.push(await stateOf(one, listed))
      return states
    },
    /** Nothing of it could be taken back: the pool is written by `commit`. */
    stage: () => Promise.resolve(),
    commit,
    readBack,
    moving: suiteNames({
      writer,
      suites,
      message: request.message,
      askClient: (suite) => askApt(request, suite)
    }),
    close: () => store.close()
  }
}

/** Each deb once, whichever suites it goes to. */
function placesOf({ suites, component, packages }: AptRequest): Placed[] {
  const places = new Map<string, Placed>()
  for (const { debs } of suites)
    for (const deb of debs) {
      const entry = entryOf(deb, component)
      for (const key of [entry.filename, identityOf(entry)]) {
        const other = places.get(key)
        if (other !== undefined && other.deb.sha256 !== deb.sha256) throw twice(other.deb, deb)
      }
      const one = { deb, entry, source: joinInside(packages, deb.name) }
      places.set(identityOf(entry), one).set(entry.filename, one)
    }
  return [...new Set(places.values())].filter(
    ({ deb }, at, all) => all.findIndex((one) => one.deb.name === deb.name) === at
  )
}

function twice(one: DebFile, other: DebFile): TagproofError {
  return new TagproofError('destination-different', 'Two debs are the same package and version.', {
    found: `${one.name} and ${other.name}: ${one.package} ${one.version} for ${one.architecture}`,
    expected: 'one file for each version of a package',
    fix: 'Give the debs of each suite a version of their own, such as 1.0-1~jammy1 and 1.0-1~noble1: all suites share one pool.'
  })
}

function requireName(what: string, name: string): string {
  if (suiteForm.test(name)) return name
  throw new TagproofError('config-invalid', `The ${what} ${JSON.stringify(name)} is no usable name.`, {
    expected: 'letters, digits, ".", "+" and "-", such as "bookworm"',
    fix: `Name the ${what} as users write it into their list of sources.`
  })
}
