import type { StatsFs } from 'node:fs'
import { statfs } from 'node:fs/promises'
import path from 'node:path'
import { defaultIndexUrl } from '../lock/default-index.ts'
import { readPipConfiguration } from '../lock/pip-configuration.ts'
import { asTagproofError } from '../platform/errors.ts'
import { createHttpClient } from '../platform/http.ts'
import { machineFacts } from '../worlds/facts.ts'

export interface DiskFacts {
  /** What lies there. */
  purpose: string
  folder: string
  freeBytes: number
  /** Null where the file system counts none. */
  freeFiles: number | null
}

export interface MachineState {
  disks: DiskFacts[]
  memoryBytes: number
  cpus: number
  /** What one build may use, memory and what it writes, in bytes. */
  wantedBytes: number
  clock: ClockFacts
}

export interface ClockFacts {
  /** Milliseconds since 1970. */
  here: number
  /** What a server said at that moment, or why none was asked. */
  server: { at: number } | { unread: string }
  /** Committer time of HEAD in seconds, where there is a commit. */
  head: number | null
}

/** Free space of the file systems that hold these folders, or will hold them. */
export async function gatherDisks(folders: Readonly<Record<string, string>>): Promise<DiskFacts[]> {
  return Promise.all(
    Object.entries(folders).map(async ([purpose, folder]) => {
      const { bavail, bsize, ffree, files } = await statfsAbove(path.resolve(folder))
      return { purpose, folder, freeBytes: bavail * bsize, freeFiles: files === 0 ? null : ffree }
    })
  )
}

/** Of the folder, or of the next one above that is there. */
async function statfsAbove(folder: string): Promise<StatsFs> {
  return statfs(folder).catch((error: unknown) => {
    if (path.dirname(folder) === folder) throw error
    return statfsAbove(path.dirname(folder))
  })
}

/** Memory and processors, as worlds see them. */
export async function gatherMachine(): Promise<Pick<MachineState, 'memoryBytes' | 'cpus'>> {
  const { memoryBytes, cpus } = await machineFacts()
  return { memoryBytes, cpus: cpus.length }
}

const stallMilliseconds = 5_000

/**
 * The clock of this machine beside that of the package index that pip is set up for (the field `Date` of its answer,
 * RFC 9110, 6.6.1).
 *
 * @param offline no server is asked
 * @param index tests name a server of their own
 */
export async function gatherClock(
  head: number | null,
  { offline, index }: { offline: boolean; index?: string }
): Promise<ClockFacts> {
  if (offline) return { here: Date.now(), server: { unread: 'no network was to be used' }, head }
  const client = createHttpClient({ attempts: 1, stallMilliseconds })
  try {
    const url = index ?? (await readPipConfiguration()).indexUrl ?? (await defaultIndexUrl(null))
    const before = Date.now()
    const answer = await client.open({ url, method: 'HEAD', accept: [401, 403, 404, 405] })
    answer.stream.destroy()
    const here = (before + Date.now()) / 2
    const at = Date.parse(answer.headers.date ?? '')
    if (Number.isNaN(at)) return { here, server: { unread: 'the package index does not say its time' }, head }
    return { here, server: { at }, head }
  } catch (error) {
    const { message } = asTagproofError(error)
    return { here: Date.now(), server: { unread: message.replace(/\.$/, '') }, head }
  } finally {
    client.close()
  }
}
