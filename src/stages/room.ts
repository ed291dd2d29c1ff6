import { readFile } from 'node:fs/promises'
import os from 'node:os'
import type { Limits } from '../documents/config.ts'

/** Whether two worlds may be built side by side: the build folders lie in memory. */
export async function worldsFitTogether(
  limits: Limits,
  facts: () => Promise<{ availableMib: number; cpus: number }> = machineFacts
): Promise<{ fits: true } | { fits: false; reason: string }> {
  const { availableMib, cpus } = await facts()
  if (cpus < 2) return { fits: false, reason: 'this machine has one processor' }
  // A build seldom comes near its limits; half of them for each world is room enough.
  const needed = limits['memory-mib'] + limits['disk-mib']
  if (availableMib >= needed) return { fits: true }
  return { fits: false, reason: `${availableMib} MiB of memory are free, ${needed} MiB would be needed` }
}

async function machineFacts(): Promise<{ availableMib: number; cpus: number }> {
  const meminfo = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  const bytes = available === undefined ? os.freemem() : Number(available) * 1024
  return { availableMib: Math.floor(bytes / (1024 * 1024)), cpus: os.availableParallelism() }
}
