import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sha256 as asSha256, type Sha256 } from '../documents/identifiers.ts'
import { TagproofError } from './errors.ts'

/** SHA-256 of bytes in memory, lower-case hex. */
export function sha256OfBytes(bytes: Uint8Array | string): Sha256 {
  return asSha256(createHash('sha256').update(bytes).digest('hex'))
}

const piece = 1 << 20
/** Buffers of hashes that are done: with fresh ones for each file, collecting them costs more than the hash. */
const spare: Buffer[] = []
const mostSpare = 4

/** SHA-256 and size in bytes of a file, read piece by piece. */
export async function hashFile(file: string): Promise<{ sha256: Sha256; size: number }> {
  const hash = createHash('sha256')
  const handle = await open(file)
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(piece)
  try {
    let size = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, piece)
      if (bytesRead === 0) return { sha256: asSha256(hash.digest('hex')), size }
      hash.update(buffer.subarray(0, bytesRead))
      size += bytesRead
    }
  } finally {
    await handle.close()
    if (spare.length < mostSpare) spare.push(buffer)
  }
}

/** Writes a file so that a reader sees the old content or the whole new one, whenever we are killed. */
export async function writeFileAtomic(
  file: string,
  content: Uint8Array | string,
  mode = 0o644
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  const temporary = `${file}.${randomBytes(6).toString('hex')}.part`
  try {
    const handle = await open(temporary, 'wx', mode)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/**
 * Makes a folder and those above it. (Node's own recursive `mkdir` never ends below /proc in some versions.)
 *
 * @throws TagproofError `usage` where a file is in the way, `read-only` where the system makes no folders
 */
export async function makeFolder(folder: string): Promise<void> {
  const status = await stat(folder).catch(() => null)
  if (status?.isDirectory() === true) return
  if (status !== null)
    throw new TagproofError('usage', `${folder} is not a folder.`, {
      fix: 'Name a folder, or one that is not there yet.'
    })
  if (path.dirname(folder) !== folder) await makeFolder(path.dirname(folder))
  await mkdir(folder).catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EEXIST') return
    if (code !== 'ENOENT') throw error
    throw new TagproofError('read-only', `No folder can be made at ${folder}.`, {
      fix: 'Choose another folder with --out.',
      cause: error
    })
  })
}

/**
 * Puts a finished folder in the place of another, by two renames: whoever reads it sees the old one whole or the new one
 * whole, and between the two for an instant none, never one that is half there. If we are killed in that instant, the old one lies
 * at `FOLDER.old`, and the next call finds it there. Both lie on one file system.
 */
export async function replaceFolder(finished: string, folder: string): Promise<void> {
  const old = `${path.resolve(folder)}.old`
  const there = async (place: string): Promise<boolean> => (await stat(place).catch(() => null)) !== null
  if (!(await there(folder)) && (await there(old))) await rename(old, folder)
  await rm(old, { recursive: true, force: true })
  if (await there(folder)) await rename(folder, old)
  try {
    await rename(finished, folder)
  } catch (error) {
    if (await there(old)) await rename(old, folder)
    throw error
  }
  await rm(old, { recursive: true, force: true })
}

/** Makes a private temporary folder, runs `use`, and removes the folder whatever happens. */
export async function withTemporaryFolder<T>(
  prefix: string,
  use: (folder: string) => Promise<T>
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), `${prefix}-`))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Joins a relative name to a folder, and refuses every name that would leave it.
 *
 * @throws TagproofError `path-refused`
 */
export function joinInside(folder: string, name: string): string {
  const joined = path.resolve(folder, name)
  if (path.isAbsolute(name) || name.includes('\0') || !joined.startsWith(path.resolve(folder) + path.sep))
    throw new TagproofError('path-refused', `The name ${JSON.stringify(name)} leaves its folder.`)
  return joined
}
