import { constants, createReadStream, createWriteStream } from 'node:fs'
import { access, link, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { asTagproofError, TagproofError } from '../../platform/errors.ts'
import { hashFile, joinInside, sha256OfBytes } from '../../platform/files.ts'
import { sha256Of } from './body.ts'
import { hasNoLinks, withLock } from './directory-lock.ts'
import { makeDurableFolder, openParts, ownFolder, syncFolder } from './directory-parts.ts'
import { requireKey, requirePrefix } from './key.ts'
import type { Store, StoreBody } from './store.ts'

export interface DirectoryStoreRequest {
  folder: string
  /** For people: the folder as they know it, which need not be the path on this machine. */
  address: string
}

/**
 * A store that is a folder, for example one that a web server gives out. A reader sees a file whole or not at all: all are
 * written beside, and put in place by a link (what never changes) or, under a lock, by a rename (what moves). The version of
 * a file is its SHA-256.
 */
export function directoryStore({ folder, address }: DirectoryStoreRequest): Store {
  const parts = openParts(folder)
  const place = (key: string): string => joinInside(folder, requireKey(key))
  const locked = async <T>(use: () => Promise<T>): Promise<T> =>
    withLock(path.join(folder, ownFolder, 'lock'), await parts.owner(), use)

  const versionOf = async (file: string): Promise<string | null> => (await hashIfThere(file))?.sha256 ?? null

  /** @param put puts the part in place; false if it cannot be */
  async function write(
    key: string,
    body: StoreBody,
    put: (part: string, file: string) => Promise<boolean>
  ): Promise<boolean> {
    const file = place(key)
    try {
      await makeDurableFolder(path.dirname(file))
      const part = await parts.write(body)
      try {
        if (!(await put(part, file))) return false
      } finally {
        await rm(part, { force: true })
      }
      await syncFolder(path.dirname(file))
      return true
    } catch (error) {
      throw notWritten(error, address, file)
    }
  }

  /** Where there are no links, the lock keeps others away between the look and the rename. */
  async function putNew(part: string, file: string): Promise<boolean> {
    try {
      await link(part, file)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      if (!hasNoLinks(error)) throw error
      return locked(() => putInstead(null, part, file))
    }
  }

  async function putInstead(version: string | null, part: string, file: string): Promise<boolean> {
    if ((await versionOf(file)) !== version) return false
    await rename(part, file)
    return true
  }

  return {
    address,
    gathers: false,
    preflight: () => requireWritable(folder),
    async read(key, maximumBytes) {
      const file = place(key)
      const status = await statusOf(file)
      if (status === null) return null
      if (status.size > maximumBytes) throw tooLarge(file, status.size, maximumBytes)
      const bytes = await readFile(file).catch(absent)
      return bytes === null ? null : { bytes, version: sha256OfBytes(bytes) }
    },
    async hash(key) {
      const found = await hashIfThere(place(key))
      return found === null ? null : { ...found, version: found.sha256 }
    },
    async fetch(key, file) {
      const source = place(key)
      if ((await statusOf(source)) === null) return null
      await pipeline(createReadStream(source), createWriteStream(file, { flags: 'wx' }))
      const found = await hashFile(file)
      return { ...found, version: found.sha256 }
    },
    async *list(prefix) {
      requirePrefix(prefix)
      for await (const key of keysBelow(folder, prefix.slice(0, prefix.lastIndexOf('/') + 1)))
        if (key.startsWith(prefix)) yield key
    },
    async create(key, body) {
      // Looked for first, so that nothing is copied in vain; the link decides.
      if ((await statusOf(place(key))) !== null) return 'exists'
      return (await write(key, body, putNew)) ? 'created' : 'exists'
    },
    async replace(key, body, version) {
      const put = (part: string, file: string): Promise<boolean> =>
        locked(() => putInstead(version, part, file))
      return (await write(key, body, put)) ? sha256Of(body) : null
    },
    async remove(key, version) {
      const file = place(key)
      return locked(async () => {
        if ((await versionOf(file)) !== version) return false
        await rm(file)
        await syncFolder(path.dirname(file))
        return true
      })
    },
    hold: () => Promise.resolve(),
    flush: () => Promise.resolve('done'),
    close: () => parts.close()
  }
}

async function hashIfThere(file: string): Promise<Awaited<ReturnType<typeof hashFile>> | null> {
  return (await statusOf(file)) === null ? null : hashFile(file).catch(absent)
}

/** @throws TagproofError `upload-refused` for a folder under the name of a file */
async function statusOf(file: string): Promise<{ size: number } | null> {
  const status = await stat(file).catch(absent)
  if (status === null || status.isFile()) return status
  throw new TagproofError(
    'upload-refused',
    'Something else than a file has the name of a file of the release.',
    {
      where: file,
      fix: 'Move it away, or correct the template in the configuration that makes this name.'
    }
  )
}

function absent(error: unknown): null {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ENOTDIR') return null
  throw error
}

async function* keysBelow(folder: string, prefix: string): AsyncGenerator<string> {
  const entries = await readdir(path.join(folder, prefix), { withFileTypes: true }).catch(absent)
  for (const entry of entries ?? []) {
    if (prefix === '' && entry.name === ownFolder) continue
    if (entry.isDirectory()) yield* keysBelow(folder, `${prefix}${entry.name}/`)
    else if (entry.isFile()) yield `${prefix}${entry.name}`
  }
}

/** The folder, or the one that it will be made in. */
async function requireWritable(folder: string): Promise<void> {
  const status = await stat(folder).catch(absent)
  if (status === null) return requireWritable(path.dirname(folder))
  if (!status.isDirectory())
    throw new TagproofError('usage', `${folder} is not a folder.`, {
      fix: 'Name a folder, or one that is not there yet.'
    })
  await access(folder, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw new TagproofError('read-only', `The folder ${folder} cannot be written to.`, {
      fix: 'Correct its permissions, or name another folder.',
      cause
    })
  })
}

function tooLarge(where: string, size: number, maximumBytes: number): TagproofError {
  return new TagproofError('index-answer', 'A file of the store is too large to be what it should be.', {
    where,
    found: `${size} bytes`,
    expected: `at most ${maximumBytes} bytes`
  })
}

function notWritten(error: unknown, address: string, where: string): TagproofError {
  const known = asTagproofError(error)
  if (known.code !== 'disk-full') return known
  return new TagproofError('disk-full', `There is no room for the release in ${address}.`, {
    where,
    fix: 'Free space on the disk of the folder; then run publish again, which writes what is missing.',
    cause: error
  })
}
