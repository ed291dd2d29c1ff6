import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Store } from '../../../../src/destinations/stores/store.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'

/** What a kind of store brings to the contract. */
export interface StorePlace {
  /** A new one each time, as a process of its own would open it. */
  store: () => Store
  /** Text by key, as a reader sees it who knows nothing of our code. */
  content: () => Promise<Record<string, string>>
  /** What lies about after `close` besides the files. */
  left: () => Promise<string[]>
  /** How often each of the many writers writes; 3 times by default. */
  times?: number
  remove: () => Promise<void>
}

async function keysOf(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.list(prefix)) keys.push(key)
  return keys
}

const notKeys = [
  '',
  '/x',
  '../x',
  'a//b',
  'a/../b',
  './a',
  'a/',
  'a\\b',
  'a\0b',
  'a\nb',
  'a?b',
  'a%2e',
  '.git/config',
  '.tagproof/lock',
  ' a',
  'a\u200bb',
  'x'.repeat(300),
  'x/'.repeat(600) + 'x'
]

const text = (content: string): { bytes: Buffer } => ({ bytes: Buffer.from(content) })

/** Every store passes this. */
export function storeContract(kind: string, open: () => Promise<StorePlace>): void {
  let place: StorePlace
  let folder: string
  let store: Store

  beforeEach(async () => {
    place = await open()
    store = place.store()
    folder = await mkdtemp(path.join(tmpdir(), 'tagproof-store-'))
  })
  afterEach(async () => {
    await store.close()
    await place.remove()
    await rm(folder, { recursive: true, force: true })
  })

  async function fileBody(
    content: string,
    said = content
  ): Promise<{ file: string; size: number; sha256: ReturnType<typeof sha256OfBytes> }> {
    const file = path.join(folder, 'body')
    await writeFile(file, content)
    return { file, size: said.length, sha256: sha256OfBytes(said) }
  }

  describe(kind, () => {
    it('preflight shows readers nothing', async () => {
      await store.preflight()
      await store.close()
      expect([await place.content(), await place.left()]).toEqual([{}, []])
    })

    it('what is not there is null', async () => {
      expect([
        await store.read('a/b.txt', 10),
        await store.hash('a/b.txt'),
        await store.fetch('a/b.txt', path.join(folder, 'none')),
        await stat(path.join(folder, 'none')).catch(() => null),
        await keysOf(store, '')
      ]).toEqual([null, null, null, null, []])
    })

    it('creates once, and reads what was created', async () => {
      const key = '1.0/demo_1.0~rc1+b:2 x_amd64.deb'
      expect(await store.create(key, await fileBody('first'))).toBe('created')
      expect(await store.create(key, text('second'))).toBe('exists')
      expect(await store.flush('Release 1.0')).toBe('done')
      const other = place.store()
      expect((await other.read(key, 5))?.bytes.toString()).toBe('first')
      await expect(other.read(key, 4)).rejects.toMatchObject({ code: 'index-answer' })
      expect(await other.hash(key)).toMatchObject({ size: 5, sha256: sha256OfBytes('first') })
      const file = path.join(folder, 'fetched')
      expect(await other.fetch(key, file)).toEqual(await other.hash(key))
      expect(await readFile(file, 'utf8')).toBe('first')
      expect(await other.create(key, text('third'))).toBe('exists')
      await other.close()
      await store.close()
      expect([await place.content(), await place.left()]).toEqual([{ [key]: 'first' }, []])
    })

    it('an empty file is a file', async () => {
      expect(await store.create('empty', text(''))).toBe('created')
      await store.flush('Empty')
      expect((await store.read('empty', 0))?.bytes).toEqual(Buffer.alloc(0))
      expect(await place.content()).toEqual({ empty: '' })
    })

    it('a file that is not the proven one is not stored', async () => {
      for (const said of ['other', 'long', 'longer than it is'])
        await expect(store.create('x', await fileBody('bytes', said))).rejects.toMatchObject({
          code: 'hash-mismatch'
        })
      const version = await store.replace('moves', text('before'), null)
      await expect(store.replace('moves', await fileBody('bytes', 'other'), version)).rejects.toMatchObject({
        code: 'hash-mismatch'
      })
      await store.flush('Nothing wrong')
      expect(await place.content()).toEqual({ moves: 'before' })
    })

    it('replaces only what was read', async () => {
      const first = await store.replace('latest', text('1'), null)
      expect(first).not.toBeNull()
      expect(await store.replace('latest', text('2'), null)).toBeNull()
      await store.flush('First')
      const read = await store.read('latest', 10)
      expect(read?.version).toBe((await store.hash('latest'))?.version)
      const second = await store.replace('latest', await fileBody('2'), read?.version ?? '')
      expect(second).not.toBeNull()
      expect(second).not.toBe(read?.version)
      expect(await store.replace('latest', text('3'), read?.version ?? '')).toBeNull()
      expect(await store.replace('absent', text('3'), second)).toBeNull()
      await store.flush('Second')
      expect(await place.content()).toEqual({ latest: '2' })
      expect((await store.hash('latest'))?.version).toBe(second)
    })

    it('lists by prefix', async () => {
      for (const key of ['a/1', 'a/2/3', 'ab', 'b', 'a~/x']) await store.create(key, text(key))
      await store.flush('Five')
      const listed = async (prefix: string): Promise<string[]> => (await keysOf(store, prefix)).sort()
      expect(await listed('')).toEqual(['a/1', 'a/2/3', 'ab', 'a~/x', 'b'])
      expect(await listed('a')).toEqual(['a/1', 'a/2/3', 'ab', 'a~/x'])
      expect(await listed('a/')).toEqual(['a/1', 'a/2/3'])
      expect(await listed('a/2')).toEqual(['a/2/3'])
      expect(await listed('c/')).toEqual([])
    })

    it('removes only what was read', async () => {
      const first = await store.replace('x', text('1'), null)
      await store.create('kept', text('k'))
      await store.flush('First')
      const second = await store.replace('x', text('2'), first)
      await store.flush('Second')
      expect(await store.remove('x', first ?? '')).toBe(false)
      expect(await store.remove('x', second ?? '')).toBe(true)
      expect(await store.remove('x', second ?? '')).toBe(false)
      await store.flush('Removed')
      expect(await place.content()).toEqual({ kept: 'k' })
      expect(await store.read('x', 1)).toBeNull()
    })

    it('of many writers at once one is first, and nothing is lost', async () => {
      const writers = [1, 2, 3, 4].map(() => place.store())
      const times = place.times ?? 3
      await Promise.all(
        writers.map(async (one, at) => {
          for (let time = 0; time < times; time += 1) {
            for (;;) {
              const before = await one.read('list', 1000)
              const bytes = Buffer.concat([before?.bytes ?? Buffer.alloc(0), Buffer.from(`${at}.${time} `)])
              const version = await one.replace('list', { bytes }, before?.version ?? null)
              if (version !== null && (await one.flush(`${at}.${time}`)) === 'done') break
            }
            expect(await one.create(`own/${at}.${time}`, text('x'))).toBe('created')
            expect(await one.flush('own')).toBe('done')
          }
          await one.close()
        })
      )
      const content = await place.content()
      const expected = writers.flatMap((_, at) =>
        Array.from({ length: times }, (__, time) => `${at}.${time}`)
      )
      expect((content.list ?? '').trim().split(' ').sort()).toEqual(expected)
      expect(
        Object.keys(content)
          .filter((key) => key !== 'list')
          .sort()
      ).toEqual(expected.map((name) => `own/${name}`))
      const created = await Promise.all(
        [1, 2, 3, 4].map(async (at) => {
          const one = place.store()
          const outcome = await one.create('once', text(String(at)))
          const flushed = await one.flush('once')
          await one.close()
          return outcome === 'created' && flushed === 'done'
        })
      )
      expect(created.filter(Boolean).length).toBe(1)
      expect((await place.content()).once).toBe(String(created.indexOf(true) + 1))
      expect(await place.left()).toEqual([])
    })

    it('refuses what is no key', async () => {
      for (const key of notKeys) {
        const refusal = { code: 'path-refused' }
        await expect(store.create(key, text('x'))).rejects.toMatchObject(refusal)
        await expect(store.replace(key, text('x'), null)).rejects.toMatchObject(refusal)
        await expect(store.read(key, 1)).rejects.toMatchObject(refusal)
        await expect(store.hash(key)).rejects.toMatchObject(refusal)
      }
      expect(await place.content()).toEqual({})
    })
  })
}
