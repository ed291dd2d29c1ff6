import type { Limits } from '../documents/config.ts'
import type { MachineFacts } from './facts.ts'
import { formatCpuList } from './facts.ts'
import { seccompProfile, type SeccompProfile } from './seccomp.ts'
import type { Conditions } from './variations.ts'

export interface Bind {
  /** Absolute path on the host. Its content must be readable by everybody: the sandbox's user owns nothing there. */
  source: string
  /** Absolute path in the sandbox. */
  destination: string
}

export interface SandboxRequest {
  /** Unique among the worlds that run on this machine. */
  id: string
  conditions: Conditions
  machine: MachineFacts
  limits: Limits
  /** Folder on the host where the world's file systems are mounted. */
  mountPoint: string
  command: readonly string[]
  environment: Readonly<Record<string, string>>
  directory: string
  network: 'none' | 'host'
  binds: readonly Bind[]
  terminal: boolean
}

interface Mount {
  destination: string
  type: string
  source: string
  options: string[]
}

/** The part of the OCI runtime specification (1.0.2, config.md and config-linux.md) that we use. */
export interface RuntimeConfig {
  ociVersion: string
  hostname: string
  root: { path: string; readonly: boolean }
  process: {
    terminal: boolean
    cwd: string
    args: string[]
    env: string[]
    user: { uid: number; gid: number; umask: number; additionalGids: number[] }
    capabilities: Record<'bounding' | 'effective' | 'inheritable' | 'permitted' | 'ambient', string[]>
    noNewPrivileges: boolean
    oomScoreAdj: number
    rlimits: { type: string; hard: number; soft: number }[]
  }
  mounts: Mount[]
  linux: {
    cgroupsPath: string
    uidMappings: { containerID: number; hostID: number; size: number }[]
    gidMappings: { containerID: number; hostID: number; size: number }[]
    namespaces: { type: string }[]
    resources: {
      devices: { allow: boolean; access: string }[]
      memory: { limit: number; swap?: number }
      pids: { limit: number }
      cpu: { cpus: string }
    }
    rootfsPropagation: string
    seccomp: SeccompProfile
    maskedPaths: string[]
    readonlyPaths: string[]
  }
}

/**
 * Ids of a world's users on the host. Each world has its own range, and so has the making of roots, above those that
 * distributions hand out (`/etc/subuid`, containers of systemd): no file or process of the host belongs to one of them.
 */
export const hostIdBase = { a: 1_900_000_000, b: 1_900_065_536, roots: 1_900_131_072 } as const
export const idRange = 65_536

/** Folders of the world's memory file system, by where they appear in the sandbox. */
export function writablePlaces(conditions: Conditions): Record<string, string> {
  return {
    build: conditions.buildFolder,
    out: '/out',
    home: conditions.home,
    tmp: '/tmp',
    vartmp: '/var/tmp',
    shm: '/dev/shm'
  }
}

/** The host's id of the user that the build runs as. */
export function hostUserId(conditions: Conditions): number {
  return hostIdBase[conditions.world] + conditions.user.id
}

/** The runtime configuration of one run: all that keeps a build in, as data. */
export function sandboxConfig(request: SandboxRequest): RuntimeConfig {
  const { conditions } = request
  const mapping = { containerID: 0, hostID: hostIdBase[conditions.world], size: idRange }
  return {
    ociVersion: '1.0.2',
    hostname: conditions.hostName,
    root: { path: `${request.mountPoint}/rootfs`, readonly: true },
    process: {
      terminal: request.terminal,
      cwd: request.directory,
      // A shell as the first process takes in orphans; when it ends, the kernel ends every process left.
      // Both streams are one, since the runtime would relay two in any order.
      args: [
        '/bin/sh',
        '-c',
        `${request.terminal ? '' : 'exec 2>&1; '}"$@"; exit "$?"`,
        'tagproof',
        ...request.command
      ],
      env: Object.entries(environmentOf(request)).map(([name, value]) => `${name}=${value}`),
      user: {
        uid: conditions.user.id,
        gid: conditions.user.id,
        umask: conditions.umask,
        additionalGids: []
      },
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      noNewPrivileges: true,
      oomScoreAdj: 1000,
      rlimits: [
        { type: 'RLIMIT_CORE', hard: 0, soft: 0 },
        // What every machine allows: the world's user namespace can lower a limit, not raise one.
        { type: 'RLIMIT_NOFILE', hard: 4096, soft: 1024 }
      ]
    },
    mounts: mountsOf(request),
    linux: {
      cgroupsPath: `/tagproof/${request.id}`,
      uidMappings: [mapping],
      gidMappings: [mapping],
      namespaces: namespacesOf(request.network),
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
        memory: memoryOf(request),
        pids: { limit: request.limits.processes },
        cpu: { cpus: formatCpuList(conditions.cpus) }
      },
      rootfsPropagation: 'private',
      seccomp: seccompProfile(),
      maskedPaths,
      readonlyPaths
    }
  }
}

function environmentOf({ conditions, environment, terminal }: SandboxRequest): Record<string, string> {
  const path = environment.PATH ?? conditions.environment.PATH ?? ''
  return {
    ...environment,
    ...conditions.environment,
    PATH: [path, ...conditions.pathTail].join(':'),
    HOME: conditions.home,
    USER: conditions.user.name,
    LOGNAME: conditions.user.name,
    SHELL: '/bin/sh',
    TERM: terminal ? (environment.TERM ?? 'xterm') : 'dumb',
    TMPDIR: '/tmp',
    BUILD_DIR: conditions.buildPath,
    OUT_DIR: '/out'
  }
}

function namespacesOf(network: SandboxRequest['network']): { type: string }[] {
  const own = ['user', 'mount', 'pid', 'ipc', 'uts', 'cgroup']
  return [...own, ...(network === 'none' ? ['network'] : [])].map((type) => ({ type }))
}

/**
 * What a build writes lies in memory, so its limit holds both, as far as the machine has it. Swap would let a
 * build go on at a thousandth of its speed; it is forbidden where there is any.
 */
function memoryOf({ limits, machine }: SandboxRequest): { limit: number; swap?: number } {
  const mebibyte = 1024 * 1024
  const wanted = (limits['memory-mib'] + limits['disk-mib']) * mebibyte
  const limit = Math.max(64 * mebibyte, Math.min(wanted, machine.memoryBytes - 256 * mebibyte))
  return machine.hasSwap ? { limit, swap: limit } : { limit }
}

function mountsOf({ conditions, mountPoint, binds }: SandboxRequest): Mount[] {
  const harmless = ['nosuid', 'nodev']
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=64k']
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']
    },
    ...Object.entries(writablePlaces(conditions)).map(([folder, destination]) => ({
      destination,
      type: 'bind',
      source: `${mountPoint}/scratch/${folder}`,
      options: ['bind', 'rw', ...harmless]
    })),
    ...binds.map(({ source, destination }) => ({
      destination,
      type: 'bind',
      source,
      options: ['bind', 'ro', ...harmless]
    }))
  ]
}

/** What `/proc` would tell about the host, or let change; /sys is not there at all. */
const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats'
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
