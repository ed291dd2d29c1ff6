import { copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import path from 'node:path'
import { sha256, type Sha256 } from '../documents/identifiers.ts'
import type { Expected } from '../platform/download.ts'
import { hashFile } from '../platform/files.ts'

/** A folder of files named by their SHA-256. Several processes may use it at once. */
export interface Store {
  folder: string
  path(hash: Sha256): string
  /** Whether the file is there, whole and right; a wrong one is removed. */
  holds(file: Expected): Promise<boolean>
  /** A name for a download that is under way; takes over what a dead process of ours has left. */
  claimPartial(hash: Sha256): Promise<string>
  /** Leaves an unfinished download for whoever goes on with it. */
  release(partial: string, hash: Sha256): Promise<void>
  /** Gives a finished, checked download its name. */
  keep(partial: string, hash: Sha256): Promise<void>
  /** Copies a file of this machine in, if it is the right one. */
  adopt(file: string, expected: Expected): Promise<boolean>
}

/** After this time without a new byte a partial file belongs to nobody. */
const abandonedMilliseconds = 60 * 60 * 1000

export async function openStore(folder: string): Promise<Store> {
  const partials = path.join(folder, 'partial')
  await mkdir(partials, { recursive: true })
  const at = (hash: Sha256): string => path.join(folder, hash)
  const newPartial = (hash: Sha256): string =>
    path.join(partials, `${hash}.${pidNamespace()}.${process.pid}.${randomBytes(4).toString('hex')}.part`)

  async function holds(file: Expected): Promise<boolean> {
    const status = await stat(at(file.sha256)).catch(() => null)
    if (status === null) return false
    const right =
      status.isFile() && status.size === file.size && (await hashFile(at(file.sha256))).sha256 === file.sha256
    if (!right) await rm(at(file.sha256), { recursive: true, force: true })
    return right
  }

  return {
    folder,
    path: at,
    holds,
    async claimPartial(hash) {
      const mine = newPartial(hash)
      for (const name of await readdir(partials)) {
        if (!name.startsWith(`${hash}.`) || !(await isAbandoned(path.join(partials, name)))) continue
        // Renaming is the claim: only one process succeeds.
        const claimed = await rename(path.join(partials, name), mine).then(
          () => true,
          () => false
        )
        if (claimed) break
      }
      return mine
    },
    // Process 0 is never alive to us, so the next claim takes it.
    release: (partial, hash) =>
      rename(
        partial,
        path.join(partials, `${hash}.${pidNamespace()}.0.${randomBytes(4).toString('hex')}.part`)
      ),
    keep: (partial, hash) => rename(partial, at(hash)),
    async adopt(file, expected) {
      const status = await stat(file).catch(() => null)
      if (status?.isFile() !== true || status.size !== expected.size) return false
      const copy = newPartial(expected.sha256)
      try {
        await copyFile(file, copy)
        if ((await hashFile(copy)).sha256 !== expected.sha256) return false
        await rename(copy, at(expected.sha256))
        return true
      } finally {
        await rm(copy, { force: true })
      }
    }
  }
}

/** Tells processes of different containers apart that share a store. */
function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

async function isAbandoned(partial: string): Promise<boolean> {
  const [, namespace, pid] = path.basename(partial).split('.')
  if (namespace === pidNamespace() && (pid === '0' || !isAlive(Number(pid)))) return true
  const status = await stat(partial).catch(() => null)
  return status !== null && Date.now() - status.mtimeMs > abandonedMilliseconds
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Copies files of a store into another folder under the same names: an own store, from which a machine
 * without the original servers can fetch. Files that are there already are kept if they are right.
 *
 * @returns how many files were added
 */
export async function exportStore(from: Store, files: readonly Expected[], folder: string): Promise<number> {
  const to = await openStore(folder)
  let added = 0
  for (const file of files) {
    if (await to.holds(file)) continue
    await link(from.path(file.sha256), to.path(sha256(file.sha256))).catch(async () => {
      if (!(await to.adopt(from.path(file.sha256), file))) throw new RangeError(`${file.sha256} is not whole`)
    })
    added += 1
  }
  await rm(path.join(folder, 'partial'), { recursive: true, force: true })
  return added
}
