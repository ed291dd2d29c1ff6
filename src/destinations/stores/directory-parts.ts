import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { streamOf } from './body.ts'
import { lives, ownName } from './directory-owner.ts'
import type { StoreBody } from './store.ts'

/** The folder of a store that is ours: half files and the lock. Its name is reserved (`requireKey`). */
export const ownFolder = '.tagproof'
const ending = '.part'

export interface Parts {
  /** Holds the name of this process. */
  owner(): Promise<string>
  /** Writes a whole body to the disk, beside the files that readers see. */
  write(body: StoreBody): Promise<string>
  /** Removes what this process has left, and the folder if nobody else uses it. */
  close(): Promise<void>
}

export function openParts(folder: string): Parts {
  const own = path.join(folder, ownFolder)
  const ours = new Set<string>()
  let opened: Promise<string> | undefined

  async function begin(): Promise<string> {
    const name = await ownName()
    const file = newPart(name)
    for (;;) {
      await makeDurableFolder(own)
      try {
        await writeFile(file, name, { flag: 'wx' })
        break
      } catch (error) {
        // Another process that has ended has removed the empty folder just now.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
    await sweep(own)
    return name
  }
  function newPart(name: string): string {
    const file = path.join(own, `${name}.${randomBytes(8).toString('hex')}${ending}`)
    ours.add(file)
    return file
  }
  const ready = (): Promise<string> => (opened ??= begin())

  return {
    async owner() {
      await ready()
      const [file = ''] = ours
      return file
    },
    async write(body) {
      const file = newPart(await ready())
      await pipeline(streamOf(body), createWriteStream(file, { flags: 'wx', flush: true }))
      return file
    },
    async close() {
      for (const file of ours) await rm(file, { force: true }).catch(() => undefined)
      ours.clear()
      opened = undefined
      await rmdir(own).catch(() => undefined)
    }
  }
}

/** What processes of this machine have left that were killed. */
async function sweep(own: string): Promise<void> {
  for (const name of await readdir(own)) {
    const owner = name.slice(0, name.indexOf('.'))
    if (name.endsWith(ending) && !(await lives(owner))) await rm(path.join(own, name), { force: true })
  }
}

/** Makes a folder and those above it, so that they are there after a power cut too. */
export async function makeDurableFolder(folder: string): Promise<void> {
  if ((await stat(folder).catch(() => null)) !== null) return
  await makeDurableFolder(path.dirname(folder))
  await mkdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  })
  await syncFolder(path.dirname(folder))
}

/** Names are on the disk only once their folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
