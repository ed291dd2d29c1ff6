import { formatCpuList } from './facts.ts'
import { writablePlaces } from './sandbox.ts'
import type { Conditions } from './variations.ts'

/** Files that a world lays over its root: path in the root → content. */
export type RootFiles = ReadonlyMap<string, string>

export interface HostFiles {
  passwd: string
  group: string
  /** For a run with the host's network: how it finds names. */
  network: { resolver: string; hosts: string } | null
}

/** The account, the host's names, and the CPUs that the C library counts (`sysconf` reads /sys). */
export function rootFiles(conditions: Conditions, host: HostFiles): RootFiles {
  const { name, id } = conditions.user
  const cpus = `${formatCpuList(conditions.cpus.map((_, at) => at))}\n`
  const localHosts = `127.0.0.1\tlocalhost ${conditions.hostName}\n::1\tlocalhost ip6-localhost\n`
  return new Map([
    ['etc/passwd', `${host.passwd}${name}:x:${id}:${id}::${conditions.home}:/bin/sh\n`],
    ['etc/group', `${host.group}${name}:x:${id}:\n`],
    ['etc/hostname', `${conditions.hostName}\n`],
    ['etc/hosts', host.network?.hosts ?? localHosts],
    ['etc/resolv.conf', host.network?.resolver ?? ''],
    ['sys/devices/system/cpu/online', cpus],
    ['sys/devices/system/cpu/possible', cpus],
    ['sys/devices/system/cpu/present', cpus]
  ])
}

/** Folders that must be there for the world's own mounts, relative to the root. */
export function mountFolders(conditions: Conditions): string[] {
  const places = Object.values(writablePlaces(conditions)).filter((place) => !place.startsWith('/dev/'))
  return [...places, '/proc', '/dev'].map((place) => place.slice(1))
}
