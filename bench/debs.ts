import { open, readdir, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { readArchive } from '../src/formats/archive.ts'
import { scriptFindings } from '../src/targets/deb/scripts/script-findings.ts'
import type { Figure } from './measure.ts'

const cache = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache')
const inputs = process.env.TAGPROOF_BENCH_DEBS ?? path.join(cache, 'tagproof', 'inputs')

/**
 * Reads every deb of a folder (that of the fetched inputs, or `TAGPROOF_BENCH_DEBS`) with all checks: honest packages
 * must not be refused, nor, but for a few, their maintainer scripts. Then how fast it is.
 */
export async function* debs(): AsyncIterable<Figure> {
  const total = { read: 0, refused: 0, members: 0, bytes: 0 }
  const scripts = { read: 0, refused: 0, warned: 0 }
  const since = performance.now()
  for (const name of (await readdir(inputs)).sort()) {
    const file = path.join(inputs, name)
    if (!(await isDeb(file))) continue
    try {
      const { members } = await readArchive(file, 'deb', {
        observe({ path: member }) {
          if (!/^DEBIAN\/((pre|post)(inst|rm)|config)$/.test(member)) return undefined
          const pieces: Buffer[] = []
          return {
            update: (piece) => pieces.push(Buffer.from(piece)),
            end() {
              const found = scriptFindings(Buffer.concat(pieces).toString('utf8'), `${name}: ${member}`)
              const refused = found.filter(({ severity }) => severity === 'refuse')
              scripts.read += 1
              if (refused.length > 0) scripts.refused += 1
              else if (found.length > 0) scripts.warned += 1
              for (const { where, message } of refused) process.stderr.write(`REFUSED ${where}: ${message}\n`)
            }
          }
        }
      })
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
  yield {
    // The few are no shell scripts: Perl, mostly of debconf.
    name: 'part of maintainer scripts of real debs refused',
    value: scripts.refused / Math.max(1, scripts.read),
    goal: 0.02,
    detail: `${scripts.refused} of ${scripts.read}; ${scripts.warned} more have a warning`
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
