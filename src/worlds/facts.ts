import { access, readFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import path from 'node:path'
import { clockLibraryPath } from './clock.ts'

/** What the machine offers to a world. */
export interface MachineFacts {
  /** Numbers of the CPUs that this process may use. */
  cpus: readonly number[]
  memoryBytes: number
  hasSwap: boolean
}

/** What the root offers to the variations. */
export interface RootFacts {
  /** Path of our library for a later clock inside the root. */
  clockLibrary: string | null
  /** Whether the locale et_EE.UTF-8 is there. */
  estonian: boolean
  /** Whether the time zone data is there. */
  timeZones: boolean
}

export async function machineFacts(): Promise<MachineFacts> {
  const status = await readFile('/proc/self/status', 'utf8')
  const memory = await readFile('/proc/meminfo', 'utf8')
  return {
    cpus: parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0'),
    memoryBytes: totalmem(),
    hasSwap: !/^SwapTotal:\s+0 kB$/m.test(memory)
  }
}

export async function rootFacts(root: string): Promise<RootFacts> {
  return {
    clockLibrary: (await exists(path.join(root, clockLibraryPath))) ? clockLibraryPath : null,
    estonian: await exists(path.join(root, 'usr/lib/locale/et_EE.utf8/LC_COLLATE')),
    timeZones: await exists(path.join(root, 'usr/share/zoneinfo/Pacific/Kiritimati'))
  }
}

/** `0-2,5` → 0, 1, 2, 5 (cpuset(7), "List format"). */
export function parseCpuList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first = '0', last = first] = part.split('-')
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => Number(first) + at)
  })
}

/** The inverse of {@link parseCpuList}, without ranges. */
export function formatCpuList(cpus: readonly number[]): string {
  return cpus.join(',')
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
