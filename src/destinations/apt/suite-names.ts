import { TagproofError } from '../../platform/errors.ts'
import type { MoveEvent, MovingNames, NameReadBack, NameState } from '../destination.ts'
import { candidatesIn, listsAll } from './candidates.ts'
import { identityOf, type PackageEntry } from './packages.ts'
import { keyIsMissing, writeKey } from './public-key-file.ts'
import { requirePool } from './pool.ts'
import { requireSameOrigin, withEntries, withoutEntries, type SuiteSettings } from './suite-content.ts'
import { readSuite } from './suite-reading.ts'
import { changeSuite, type SuiteWriter } from './suite-writing.ts'

/** A suite, and what of the release is to be in it. */
export interface ReleaseSuite extends SuiteSettings {
  added: readonly PackageEntry[]
}

export interface SuiteNamesRequest {
  writer: SuiteWriter
  suites: readonly ReleaseSuite[]
  /** For the commit of stores that make one. */
  message: string
  /** Reads as a user would; what agrees, or why nobody was asked. @throws TagproofError `readback-missing`, `hash-mismatch` */
  askClient: (suite: ReleaseSuite) => Promise<NameReadBack['checks'][number]>
}

export const nameOfSuite = (suite: string): string => `suite ${suite}`

/**
 * The suites of a release as names that move: `InRelease` is what makes packages known. What a name stands for is the newest
 * version of each package, so a release of an older series joins its suite and leads nobody back.
 */
export function suiteNames({ writer, suites, message, askClient }: SuiteNamesRequest): MovingNames {
  const { store, signer } = writer
  /** What was to be there after the move, by suite. */
  const expectations = new Map<string, string>()

  async function stateOf(suite: ReleaseSuite): Promise<NameState> {
    const { content, settled } = await readSuite(writer, suite)
    requireSameOrigin(suite, content?.release ?? null)
    const entries = content?.entries ?? []
    const expected = leadIn(suite, withEntries(entries, suite.added) ?? entries)
    expectations.set(suite.suite, expected)
    const there = settled && listsAll(entries, suite.added) && !(await keyIsMissing(store, signer))
    const found = candidatesIn(entries, suite.added)
    return { name: nameOfSuite(suite.suite), state: there ? 'current' : 'behind', found, expected }
  }

  async function add(suite: ReleaseSuite): Promise<MoveEvent> {
    await writeKey(store, signer)
    // Where the pool waits for the same commit, somebody else may have taken a place in it just now.
    if (store.gathers) await requirePool(store, suite.added)
    const { content, changed } = await changeSuite(writer, suite, (now) =>
      withEntries(now?.entries ?? [], suite.added)
    )
    const lead = leadIn(suite, content?.entries ?? [])
    const ahead = lead !== (expectations.get(suite.suite) ?? lead)
    return { name: nameOfSuite(suite.suite), outcome: ahead ? 'ahead' : changed ? 'moved' : 'there' }
  }

  async function takeOut(suite: ReleaseSuite): Promise<MoveEvent> {
    const { changed } = await changeSuite(writer, suite, (now) =>
      now === null ? null : withoutEntries(now.entries, suite.added)
    )
    return { name: nameOfSuite(suite.suite), outcome: changed ? 'moved' : 'there' }
  }

  /** Each suite has its own moment; a store that gathers shows all of them in one commit, or none. */
  async function eachShown(
    chosen: readonly ReleaseSuite[],
    write: (suite: ReleaseSuite) => Promise<MoveEvent>,
    told: (event: MoveEvent) => Promise<void>
  ): Promise<void> {
    if (!store.gathers) {
      for (const suite of chosen) await told(await write(suite))
      return
    }
    for (;;) {
      const events: MoveEvent[] = []
      for (const suite of chosen) events.push(await write(suite))
      if ((await store.flush(message)) === 'raced') continue
      for (const event of events) await told(event)
      return
    }
  }

  async function readBackOf(suite: ReleaseSuite): Promise<NameReadBack> {
    const { content } = await readSuite(writer, suite)
    const entries = content?.entries ?? []
    if (!listsAll(entries, suite.added))
      throw new TagproofError('readback-missing', `The suite ${suite.suite} does not list this release.`, {
        where: store.address,
        expected: suite.added.map(identityOf).join(', '),
        fix: 'Find out what else writes to the suite; then run publish again.'
      })
    const lead = leadIn(suite, entries)
    const expected = expectations.get(suite.suite) ?? lead
    // Another release has gone further since we wrote; ours is listed beside it.
    const note = lead === expected ? '' : `since then it leads to ${lead}`.slice(0, 500)
    const index = { what: 'index', result: 'agrees' as const, note }
    return { name: nameOfSuite(suite.suite), found: expected, checks: [index, await askClient(suite)] }
  }

  const chosenOf = (names: readonly string[]): ReleaseSuite[] =>
    suites.filter(({ suite }) => names.includes(nameOfSuite(suite)))

  return {
    async state() {
      const states: NameState[] = []
      for (const suite of suites) states.push(await stateOf(suite))
      return states
    },
    move: (names, onMoved) => eachShown(chosenOf(names), add, onMoved),
    async readBack() {
      const back: NameReadBack[] = []
      for (const suite of suites) back.push(await readBackOf(suite))
      return back
    },
    back: (names, onMoved) => eachShown(chosenOf(names.map(({ name }) => name)), takeOut, onMoved)
  }
}

function leadIn(suite: ReleaseSuite, entries: readonly PackageEntry[]): string {
  return candidatesIn(entries, suite.added) ?? 'none of its packages'
}
