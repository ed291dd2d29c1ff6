import { readFile } from 'node:fs/promises'
import { sha256OfBytes } from './files.ts'

/** New at each start of a machine, shared by its containers. */
const bootId = '/proc/sys/kernel/random/boot_id'

/**
 * 16 hex digits that tell this machine from another one in the same run, and say nothing about it in any other; null
 * where the system does not tell.
 */
export async function machineOf(run: string): Promise<string | null> {
  const boot = await readFile(bootId, 'utf8').catch(() => '')
  return boot.trim() === '' ? null : sha256OfBytes(`tagproof machine\n${run}\n${boot.trim()}\n`).slice(0, 16)
}
