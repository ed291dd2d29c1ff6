import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { conflictsIn } from '../../../src/destinations/conflicts.ts'
import { missingOf, type Destination } from '../../../src/destinations/destination.ts'
import type { Journal } from '../../../src/destinations/journal.ts'
import { runPublication, type Publication } from '../../../src/destinations/publication.ts'
import type { Receipt } from '../../../src/documents/receipt.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { silentLog } from '../../../src/platform/log.ts'

/** A release that a kind of destination takes; its files are never built. */
export interface ContractRelease {
  version: string
  /** In the order in which they are sent; `sha256` as the destination identifies them. */
  files: readonly { name: string; sha256: string }[]
  /** Content of the files in `packages`. */
  bytes: ReadonlyMap<string, Buffer>
  remove: () => Promise<void>
}

export interface ContractKind<R extends ContractRelease> {
  kind: string
  /** The first of a test, or another one of the same project: with other bytes, or of another version. */
  make: (first: R | null, options: { text?: string; version?: string }) => Promise<R>
  open: (release: R) => Promise<Place<R>>
  /** How the destination identifies a file with these bytes; by default its SHA-256. */
  identify?: (bytes: Buffer) => string
}

/** What a kind of destination brings to the contract: a place, looked at without any of its own code. */
export interface Place<R extends ContractRelease> {
  /** A new one each time, as a process of its own would make it; of the release that the place was opened for, or another. */
  destination: (release?: R) => Destination
  /** What each name that moves stands for, as a reader sees it; null where no name moves. */
  names?: () => Promise<Record<string, string | null>>
  /** SHA-256 of what users would get, by file name. */
  content: () => Promise<Record<string, string>>
  /** Everything that was ever written, as far as the place can tell; equal before and after where nothing was. */
  writes: () => Promise<unknown>
  /** Names of the files whose bytes were sent, each time they were; null where nothing is sent. */
  sent: (() => string[]) | null
  /** Shows all files of a release at once, and tells of them then: a branch gets one commit. */
  atOnce?: boolean
  /** Somebody else writes this file. */
  put: (name: string, bytes: Buffer) => Promise<void>
  /** From now on users get other bytes. */
  corrupt: (name: string) => Promise<void>
  /** What is still open or lies about after `close`: minted tokens, half files. */
  left: () => Promise<string[]>
  remove: () => Promise<void>
}

/** Every destination passes this, real and fake. */
export function destinationContract<R extends ContractRelease>({
  kind,
  make,
  open,
  identify = sha256OfBytes
}: ContractKind<R>): void {
  let release: R
  let place: Place<R>

  const otherRelease = (): Promise<R> => make(release, { text: 'other' })

  beforeEach(async () => {
    release = await make(null, {})
    place = await open(release)
  })
  afterEach(async () => {
    await place.remove()
    await release.remove()
  })

  const names = (): string[] => release.files.map(({ name }) => name)
  const wholeContent = (): Record<string, string> =>
    Object.fromEntries(release.files.map(({ name, sha256 }) => [name, sha256]))

  function publish(
    destination: Destination,
    of: ContractRelease = release,
    kept: Receipt[] = []
  ): Promise<Publication> {
    const journal: Journal = {
      earlier: null,
      keep: (receipt) => {
        kept.push(receipt)
        return Promise.resolve()
      }
    }
    const { version } = of
    const published = { tag: `v${version}`, version, sha256: sha256OfBytes(Buffer.from('release')) }
    return runPublication({ release: published, destinations: [destination], journal, log: silentLog })
  }

  /** Preflight and state, as a publication begins. */
  async function missingAt(destination: Destination): Promise<string[]> {
    await destination.preflight()
    return missingOf(await destination.state())
  }

  describe(kind, () => {
    it('preflight and state write nothing, and find nothing', async () => {
      const before = await place.writes()
      const destination = place.destination()
      expect(destination.artifacts.map(({ name }) => name)).toEqual(names())
      await destination.preflight()
      expect(await destination.state()).toEqual(names().map((name) => ({ name, state: 'absent' })))
      await destination.close()
      expect([await place.writes(), await place.content(), await place.left()]).toEqual([before, {}, []])
    })

    it('what was published is whole, and read back; again writes nothing and sends nothing', async () => {
      const first = await publish(place.destination())
      expect(await place.content()).toEqual(wholeContent())
      expect(first.receipt.complete).toBe(true)
      expect(first.artifacts.map(({ readBack }) => [readBack.name, readBack.sha256])).toEqual(
        release.files.map(({ name, sha256 }) => [name, sha256])
      )
      const [writes, sent] = [await place.writes(), place.sent?.()]
      const second = await publish(place.destination())
      expect(second.artifacts.map(({ found, written }) => [found, written])).toEqual(
        names().map(() => ['identical', 'no'])
      )
      expect([await place.writes(), place.sent?.(), await place.left()]).toEqual([writes, sent, []])
    })

    it('other bytes under one name are told with their hash, and stop everything before the first write', async () => {
      const [, name = ''] = names()
      const other = await otherRelease()
      const bytes = other.bytes.get(name) ?? Buffer.alloc(0)
      await other.remove()
      await place.put(name, bytes)
      const before = await place.writes()
      const destination = place.destination()
      await destination.preflight()
      const states = await destination.state()
      await destination.close()
      const conflict = { name, state: 'different', found: identify(bytes) }
      expect(states.filter(({ state }) => state !== 'absent')).toEqual([conflict])
      expect(conflictsIn(new Map([[destination, { artifacts: states }]])).length).toBe(1)
      await expect(publish(place.destination())).rejects.toMatchObject({ code: 'destination-different' })
      expect([await place.writes(), place.sent?.() ?? []]).toEqual([before, []])
      expect(await place.left()).toEqual([])
    })

    it('each file is told before the next one is written', async () => {
      const destination = place.destination()
      const missing = await missingAt(destination)
      await destination.stage(missing)
      const seen: string[][] = []
      const told: string[] = []
      await destination.commit(missing, async ({ name }) => {
        told.push(name)
        // Time in which a hasty destination would write on.
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
        seen.push(Object.keys(await place.content()).sort())
      })
      await destination.close()
      expect(told).toEqual(names())
      expect(seen).toEqual(
        names().map((_, at) =>
          names()
            .slice(0, place.atOnce === true ? undefined : at + 1)
            .sort()
        )
      )
    })

    it('one that was cut off is finished by the next, which sends only the rest', async () => {
      const destination = place.destination()
      const missing = await missingAt(destination)
      await destination.stage(missing)
      const cut = destination.commit(missing, () => Promise.reject(new Error('cut')))
      await expect(cut).rejects.toThrow('cut')
      await destination.close()
      const whole = place.atOnce === true ? names().length : 1
      expect(Object.keys(await place.content()).sort()).toEqual(names().slice(0, whole).sort())
      expect(await place.left()).toEqual([])
      const before = place.sent?.().length
      const { artifacts } = await publish(place.destination())
      expect(artifacts.map(({ found, written }) => [found, written])).toEqual(
        names().map((_, at) => (at < whole ? ['identical', 'no'] : ['absent', 'sent']))
      )
      expect(await place.content()).toEqual(wholeContent())
      if (place.sent !== null) expect(place.sent().slice(before)).toEqual(names().slice(whole))
    })

    it('what somebody else published meanwhile counts when it is the same, and stops when it is not', async () => {
      const [first = '', second = ''] = names()
      const destination = place.destination()
      const missing = await missingAt(destination)
      await destination.stage(missing)
      await place.put(first, release.bytes.get(first) ?? Buffer.alloc(0))
      const other = await otherRelease()
      await place.put(second, other.bytes.get(second) ?? Buffer.alloc(0))
      await other.remove()
      const told: string[] = []
      const commit = destination.commit(missing, ({ name }) => Promise.resolve(void told.push(name)))
      await expect(commit).rejects.toMatchObject({ code: 'destination-different' })
      await destination.close()
      expect(told).toEqual(place.atOnce === true ? [] : [first])
      const content = await place.content()
      expect(content[first]).toBe(wholeContent()[first])
      expect(content[second]).not.toBe(wholeContent()[second])
    })

    it('read-back notices what is not there, and other bytes', async () => {
      const destination = place.destination()
      await destination.preflight()
      await expect(destination.readBack()).rejects.toMatchObject({ code: 'readback-missing' })
      await publish(destination)
      await place.corrupt(names()[1] ?? '')
      const again = place.destination()
      await again.preflight().catch(() => undefined)
      await expect(again.readBack()).rejects.toMatchObject({ code: 'hash-mismatch' })
      await again.close()
    })

    it('names move once the files are there, forwards alone, and back', async () => {
      const namesOf = place.names
      const expectedOf = async (destination: Destination): Promise<Record<string, string>> => {
        const states = (await destination.moving?.state()) ?? []
        return Object.fromEntries(states.map(({ name, expected }) => [name, expected]))
      }
      if (namesOf === undefined) {
        expect(place.destination().moving).toBeNull()
        return
      }
      const destination = place.destination()
      const missing = await missingAt(destination)
      const before = await namesOf()
      const first = await expectedOf(destination)
      expect(Object.keys(first).length).toBeGreaterThan(0)
      await destination.stage(missing)
      await destination.commit(missing, () => Promise.resolve())
      expect(await namesOf()).toEqual(before)
      await destination.close()
      const { receipt } = await publish(place.destination())
      expect([receipt.complete, await namesOf()]).toEqual([true, first])
      const [writes] = [await place.writes()]
      await publish(place.destination())
      expect(await place.writes()).toEqual(writes)

      const newer = await make(release, { version: '1.0.1', text: 'newer' })
      const older = await make(release, { version: '0.9', text: 'older' })
      try {
        const next = await publish(place.destination(newer), newer)
        const second = await namesOf()
        expect(Object.values(second)).toEqual(Object.values(await expectedOf(place.destination(newer))))
        expect(second).not.toEqual(first)
        // The files of an older release may come later; what stands for the newer one stays.
        await publish(place.destination(older), older)
        for (const [name, found] of Object.entries(await namesOf()))
          if (name in second) expect(found).toBe(second[name])
        const moved = next.receipt.destinations
          .flatMap((one) => one.names)
          .filter((one) => one.moved === 'moved')
        const told: string[] = []
        const back = place.destination(newer)
        await back.moving?.back(moved, ({ name }) => Promise.resolve(void told.push(name)))
        await back.close()
        expect(told.sort()).toEqual(moved.map(({ name }) => name).sort())
        const after = await namesOf()
        for (const { name, before: stoodFor } of moved) expect(after[name] ?? null).toBe(stoodFor)
      } finally {
        await newer.remove()
        await older.remove()
      }
    })

    it('nothing is left when a publication ends badly', async () => {
      const destination = place.destination()
      const fails = { ...destination, readBack: () => Promise.reject(new Error('no')) }
      await expect(publish(fails)).rejects.toThrow('no')
      expect(await place.left()).toEqual([])
    })
  })
}
