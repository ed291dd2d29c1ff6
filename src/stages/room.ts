import { readFile, statfs } from 'node:fs/promises'
import os from 'node:os'
import type { Plan } from '../documents/plan.ts'

interface Facts {
  availableMib: number
  /** Free on the disk of temporary files, where images are built. */
  diskMib: number
  cpus: number
}

/** Whether two worlds may be built side by side: build folders lie in memory, and layers of images on the disk. */
export async function worldsFitTogether(
  { limits, targets }: Pick<Plan, 'limits' | 'targets'>,
  facts: () => Promise<Facts> = machineFacts
): Promise<{ fits: true } | { fits: false; reason: string }> {
  const { availableMib, diskMib, cpus } = await facts()
  if (cpus < 2) return { fits: false, reason: 'this machine has one processor' }
  const layers = targets.some(({ kind }) => kind === 'image') ? 2 * limits['disk-mib'] : 0
  if (diskMib < layers)
    return {
      fits: false,
      reason: `${diskMib} MiB of disk are free for images, ${layers} MiB would be needed`
    }
  // A build seldom comes near its limits; half of them for each world is room enough.
  const needed = limits['memory-mib'] + limits['disk-mib']
  if (availableMib >= needed) return { fits: true }
  return { fits: false, reason: `${availableMib} MiB of memory are free, ${needed} MiB would be needed` }
}

async function machineFacts(): Promise<Facts> {
  const meminfo = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  const bytes = available === undefined ? os.freemem() : Number(available) * 1024
  const disk = await statfs(os.tmpdir())
  return {
    availableMib: Math.floor(bytes / (1024 * 1024)),
    diskMib: Math.floor((disk.bavail * disk.bsize) / (1024 * 1024)),
    cpus: os.availableParallelism()
  }
}
