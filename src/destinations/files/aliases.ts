import { rm } from 'node:fs/promises'
import path from 'node:path'
import { TagproofError } from '../../platform/errors.ts'
import { withTemporaryFolder } from '../../platform/files.ts'
import type { MovedName, MoveEvent, MovingNames, NameReadBack, NameState } from '../destination.ts'
import { direction } from '../forward.ts'
import type { StoredHash } from '../stores/store.ts'
import type { Alias } from './names.ts'
import { ownerOfBytes, type Library } from './owner-of-bytes.ts'

export interface AliasesRequest extends Library {
  /** Name of the destination, for messages. */
  destination: string
  aliases: readonly Alias[]
  /** After somebody else was first at a store that gathers: writes, or looks at, what is to be shown together with the names. */
  again: () => Promise<void>
  readBack: () => Promise<readonly NameReadBack[]>
}

/** Of a writer that always comes second something is wrong. */
const mostRounds = 10

type Judged = NameState & { stored: StoredHash | null }

/**
 * Copies of the newest file under names that do not tell its version. What a copy stands for is told by its bytes: a release in
 * the store has them under a name that never changes. So nothing is written beside the copy that could disagree with it,
 * and a copy whose bytes no release has stays what it is.
 */
export function flatAliases({
  destination,
  aliases,
  again,
  readBack,
  ...library
}: AliasesRequest): MovingNames {
  const { store, values } = library

  async function judge({ template, key, of }: Alias): Promise<Judged> {
    const stored = await store.hash(key)
    const state = { name: key, found: stored?.sha256 ?? null, expected: of.sha256, stored }
    if (stored === null) return { ...state, state: 'behind' }
    if (stored.sha256 === of.sha256) return { ...state, state: 'current' }
    const owner = await ownerOfBytes(library, stored.sha256)
    const way = direction(template, owner?.version, values.version)
    switch (way) {
      case 'behind':
      case 'ahead':
        return { ...state, state: way }
      // Another file of this release, as the configuration had it before.
      case 'same':
        return { ...state, state: 'behind' }
      case 'other-series':
      case 'unknown':
        throw notJudged(destination, key, stored.sha256, owner?.version, values.version)
    }
  }

  /** Whoever moved it further meanwhile wins; whoever moved it elsewhere is looked at again. */
  async function moveOne(alias: Alias): Promise<MoveEvent['outcome']> {
    for (let round = 0; round < mostRounds; round += 1) {
      const { state, stored } = await judge(alias)
      if (state !== 'behind') return state === 'ahead' ? 'ahead' : 'there'
      if ((await store.replace(alias.key, alias.of, stored?.version ?? null)) !== null) return 'moved'
    }
    throw busy(destination, alias.key)
  }

  /** A store that gathers shows all at once, or nothing. */
  async function all<T>(
    items: readonly T[],
    one: (item: T) => Promise<MoveEvent>,
    onMoved: (event: MoveEvent) => Promise<void>
  ): Promise<void> {
    for (let round = 0; round < mostRounds; round += 1) {
      const events: MoveEvent[] = []
      for (const item of items) {
        const event = await one(item)
        if (store.gathers) events.push(event)
        else await onMoved(event)
      }
      if ((await store.flush(`Release ${values.version}`)) === 'raced') {
        await again()
        continue
      }
      for (const event of events) await onMoved(event)
      return
    }
    throw busy(destination, aliases.map(({ key }) => key).join(', '))
  }

  async function backOne({ name, before, expected }: MovedName): Promise<MoveEvent> {
    const stored = await store.hash(name)
    // Somebody has moved it on, or back already.
    if (stored?.sha256 !== expected)
      return { name, outcome: (stored?.sha256 ?? null) === before ? 'there' : 'ahead' }
    const moved =
      before === null ? await store.remove(name, stored.version) : await restore(name, before, stored.version)
    return moved ? { name, outcome: 'moved' } : backOne({ name, before, expected })
  }

  async function restore(name: string, before: string, version: string): Promise<boolean> {
    const owner = await ownerOfBytes(library, before)
    return withTemporaryFolder('tagproof-alias', async (folder) => {
      const file = path.join(folder, 'file')
      for (const key of owner?.keys ?? []) {
        const found = await store.fetch(key, file)
        if (found?.sha256 === before)
          return (
            (await store.replace(name, { file, size: found.size, sha256: found.sha256 }, version)) !== null
          )
        await rm(file, { force: true })
      }
      throw new TagproofError('input-missing', `The store has no file that ${name} could go back to.`, {
        where: `${destination} (${store.address})`,
        expected: before,
        fix: 'Put the file of the release before under its own name again, and run withdraw again.'
      })
    })
  }

  return {
    async state() {
      const states: NameState[] = []
      for (const alias of aliases) {
        const { name, state, found, expected } = await judge(alias)
        states.push({ name, state, found, expected })
      }
      return states
    },
    move: (names, onMoved) =>
      all(
        aliases.filter(({ key }) => names.includes(key)),
        async (alias) => ({ name: alias.key, outcome: await moveOne(alias) }),
        onMoved
      ),
    readBack,
    back: (names, onMoved) => all(names, backOne, onMoved)
  }
}

function notJudged(
  destination: string,
  key: string,
  found: string,
  version: string | undefined,
  next: string
): TagproofError {
  return new TagproofError('alias-unknown', `Nobody can tell whether ${key} may be moved.`, {
    where: `destinations: ${destination}`,
    found:
      version === undefined ? `a file that no release in the store has (${found})` : `the file of ${version}`,
    expected: `a file of a release before ${next}, of the same series`,
    fix:
      version === undefined
        ? 'Put this file under its own name with its version too, as names: makes it, so that it can be told; or take the alias away. Then run publish again.'
        : 'Correct the template of the alias, or its series in the version; or take the alias away. Then run publish again.'
  })
}

function busy(destination: string, names: string): TagproofError {
  return new TagproofError('upload-refused', `Somebody else moves ${names} all the time.`, {
    where: `destinations: ${destination}`,
    fix: 'Find out who, and run publish again.'
  })
}
