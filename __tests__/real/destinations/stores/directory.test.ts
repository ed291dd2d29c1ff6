import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { lives, ownName } from '../../../../src/destinations/stores/directory-owner.ts'
import { directoryStore } from '../../../../src/destinations/stores/directory-store.ts'
import type { Store } from '../../../../src/destinations/stores/store.ts'
import { plainEnvironment, run } from '../../../../src/platform/process.ts'
import { storeContract, type StorePlace } from './contract.ts'

let folder: string
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-folder-'))
  store = directoryStore({ folder, address: 'the folder' })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

storeContract('a folder', async (): Promise<StorePlace> => {
  const place = path.join(await mkdtemp(path.join(tmpdir(), 'tagproof-place-')), 'not', 'yet')
  const files = async (): Promise<string[]> => {
    const entries = await readdir(place, { recursive: true, withFileTypes: true }).catch(() => [])
    return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
  }
  const isOurs = (file: string): boolean => file.startsWith(path.join(place, '.tagproof'))
  return {
    store: () => directoryStore({ folder: place, address: 'the folder' }),
    content: async () =>
      Object.fromEntries(
        await Promise.all(
          (await files())
            .filter((file) => !isOurs(file))
            .map(async (file) => [path.relative(place, file), await readFile(file, 'utf8')])
        )
      ) as Record<string, string>,
    left: async () => (await readdir(place).catch(() => [])).filter((name) => name === '.tagproof'),
    remove: () => rm(path.join(place, '..', '..'), { recursive: true })
  }
})

/** The name of a process of this machine that has ended. */
async function deadOwner(): Promise<string> {
  const { pid } = spawnSync('true')
  return (await ownName()).replace(/-\d+-\d+$/, `-${pid}-1`)
}

describe('a writer that was killed', () => {
  it('has its lock taken over and its half files removed', async () => {
    const dead = await deadOwner()
    expect([await lives(dead), await lives(await ownName())]).toEqual([false, true])
    await mkdir(path.join(folder, '.tagproof'))
    await writeFile(path.join(folder, '.tagproof', 'lock'), dead)
    await writeFile(path.join(folder, '.tagproof', `${dead}.0123.part`), 'half a fi')
    expect(await store.replace('x', { bytes: Buffer.from('1') }, null)).not.toBeNull()
    await store.close()
    expect(await readdir(folder)).toEqual(['x'])
  })

  it('is not taken for dead where that cannot be told, nor because its number was given out again', async () => {
    const own = await ownName()
    const [, ...rest] = own.split('-')
    expect(await lives(['0'.repeat(16), ...rest].join('-'))).toBe(true)
    expect(await lives('anything else')).toBe(true)
    expect(await lives(own.replace(/\d+$/, '1'))).toBe(false)
  })

  it('while taking a lock over holds up nobody for ever', async () => {
    await mkdir(path.join(folder, '.tagproof', 'lock.taking'), { recursive: true })
    await writeFile(path.join(folder, '.tagproof', 'lock'), await deadOwner())
    await utimes(path.join(folder, '.tagproof', 'lock.taking'), 1, 1)
    expect(await store.replace('x', { bytes: Buffer.from('1') }, null)).not.toBeNull()
  })

  it('a lock that somebody holds is waited for, and new names need none', async () => {
    await store.replace('x', { bytes: Buffer.from('1') }, null)
    const lock = path.join(folder, '.tagproof', 'lock')
    await writeFile(lock, await ownName())
    const written = store.create('y', { bytes: Buffer.from('2') })
    expect(await written).toBe('created')
    const moved = store.replace('z', { bytes: Buffer.from('3') }, null)
    const first = await Promise.race([moved, new Promise((resolve) => setTimeout(resolve, 100, 'waits'))])
    expect(first).toBe('waits')
    await rm(lock)
    expect(await moved).not.toBeNull()
  })
})

describe('what is in the way', () => {
  it('a folder under the name of a file, and a file under the name of a folder', async () => {
    await mkdir(path.join(folder, 'x'))
    await writeFile(path.join(folder, 'y'), '')
    const body = { bytes: Buffer.from('1') }
    await expect(store.create('x', body)).rejects.toMatchObject({ code: 'upload-refused' })
    await expect(store.replace('x', body, null)).rejects.toMatchObject({ code: 'upload-refused' })
    await expect(store.create('y/z', body)).rejects.toMatchObject({ code: 'usage' })
    expect(await store.read('y/z', 1)).toBeNull()
  })

  it('a file where the folder should be is told before the first write', async () => {
    await writeFile(path.join(folder, 'file'), '')
    const other = directoryStore({ folder: path.join(folder, 'file'), address: 'x' })
    await expect(other.preflight()).rejects.toMatchObject({ code: 'usage' })
  })

  it('a full disk is told as such, and leaves nothing; what was there stays', async () => {
    const child = `
      const { directoryStore } = await import(${JSON.stringify(pathToFileURL(path.resolve('src/destinations/stores/directory-store.ts')))})
      const store = directoryStore({ folder: process.argv[1], address: 'the folder' })
      const version = await store.replace('moves', { bytes: Buffer.from('before') }, null)
      const codes = []
      const large = { bytes: Buffer.alloc(200_000) }
      await store.create('new', large).catch((error) => codes.push(error.code))
      await store.replace('moves', large, version).catch((error) => codes.push(error.code))
      await store.close()
      const { readdirSync, readFileSync } = await import('node:fs')
      const left = readdirSync(process.argv[1], { recursive: true })
      process.stdout.write(JSON.stringify([codes, left, readFileSync(process.argv[1] + '/moves', 'utf8')]))`
    const script = `mount -t tmpfs -o size=100k tmpfs "$0" && exec "$@"`
    const node = [process.execPath, '--input-type=module', '-e', child, folder]
    const ended = await run(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-c', script, folder, ...node],
      {
        env: plainEnvironment
      }
    )
    expect(ended.stdout.toString()).toBe(JSON.stringify([['disk-full', 'disk-full'], ['moves'], 'before']))
  })
})
