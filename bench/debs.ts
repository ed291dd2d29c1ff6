import { open, readdir, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { readArchive } from '../src/formats/archive.ts'
import type { Figure } from './measure.ts'

const cache = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache')
const inputs = process.env.TAGPROOF_BENCH_DEBS ?? path.join(cache, 'tagproof', 'inputs')

/**
 * Reads every deb of a folder (that of the fetched inputs, or `TAGPROOF_BENCH_DEBS`) with all checks: honest packages
 * must not be refused. Then how fast it is.
 */
export async function* debs(): AsyncIterable<Figure> {
  const total = { read: 0, refused: 0, members: 0, bytes: 0 }
  const since = performance.now()
  for (const name of (await readdir(inputs)).sort()) {
    const file = path.join(inputs, name)
    if (!(await isDeb(file))) continue
    try {
      const { members } = await readArchive(file, 'deb')
      total.read += 1
      total.members += members.length
      for (const { size } of members) total.bytes += size
    } catch (error) {
      total.refused += 1
      process.stderr.write(`REFUSED ${name}: ${String(error)}\n`)
    }
  }
  const seconds = (performance.now() - since) / 1000
  yield {
    name: 'real debs refused',
    value: total.refused,
    goal: 0,
    detail: `${total.read} read: ${total.members} members, ${(total.bytes / 1e6).toFixed(0)} MB unpacked and hashed at ${(total.bytes / 1e6 / seconds).toFixed(1)} MB/s`
  }
}

async function isDeb(file: string): Promise<boolean> {
  if (!(await stat(file)).isFile()) return false
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(24), 0, 24, 0)
    return buffer.toString('latin1') === '!<arch>\ndebian-binary   '
  } finally {
    await handle.close()
  }
}
