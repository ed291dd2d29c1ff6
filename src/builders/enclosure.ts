import { randomBytes } from 'node:crypto'
import { mkdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Limits } from '../documents/config.ts'
import type { World } from '../documents/identifiers.ts'
import { bundleArchive } from '../worlds/bundle.ts'
import { collect, type Outcome } from '../worlds/collect.ts'
import { mountPoint } from '../worlds/enclosure.ts'
import type { MachineFacts } from '../worlds/facts.ts'
import { mountFolders } from '../worlds/root-files.ts'
import { hostIdBase, sandboxConfig, type Bind, type RuntimeConfig } from '../worlds/sandbox.ts'
import type { Conditions } from '../worlds/variations.ts'
import { builderProfile, type BuilderProfile } from './profile.ts'

export interface BuilderEnclosure {
  world: World
  /** Names the run's control group; by default random. */
  id?: string
  conditions: Conditions
  machine: MachineFacts
  limits: Limits
  exportTar: string
  /** Bytes that the builder unpacks besides what the build writes: bases and contexts. */
  bytes: number
  binds: readonly Bind[]
  /** Files of the enclosure's root, by path without leading `/`. */
  files: ReadonlyMap<string, string>
  /** Shell script that is run, with its arguments. */
  script: string
  arguments: readonly string[]
  outputs: string
  onLine?: (line: string) => void
  signal?: AbortSignal
}

type BuilderConfig = Omit<RuntimeConfig, 'linux'> & {
  linux: Omit<RuntimeConfig['linux'], 'seccomp'> & { seccomp: BuilderProfile }
}

/**
 * What a builder may do in its enclosure. It needs mounts and namespaces of its own, so it is root: of a user
 * namespace whose ids are nobody's on the host.
 */
const capabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_ADMIN',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_ADMIN',
  'CAP_SYS_CHROOT'
]
/** The programs that builders consist of, and what they are linked to. */
const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib64']
const outputLines = 400
const ownKib = 64 * 1024

/**
 * Runs a builder of images in an enclosure like that of a world: one privileged command, control groups, own mount,
 * pid, ipc, uts, cgroup and network namespaces, and a user namespace. It alone sees the host's /usr, read-only; what
 * the Dockerfile runs sees its image. When this returns, or this process dies, nothing of it is left.
 *
 * @throws TagproofError `sandbox-unavailable`, `cancelled`, `build-output`
 */
export async function runBuilder(request: BuilderEnclosure): Promise<Outcome> {
  // The root of the enclosure is what its files say, on top of nothing.
  const root = `${path.resolve(request.outputs)}+root`
  await mkdir(root, { recursive: true, mode: 0o755 })
  try {
    return await enclosed(request, root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function enclosed(request: BuilderEnclosure, root: string): Promise<Outcome> {
  const { conditions, limits } = request
  const id = request.id ?? `${request.world}-${randomBytes(8).toString('hex')}`
  const binds = [...(await systemBinds()), ...request.binds]
  const exportBytes = (await stat(request.exportTar)).size
  const extraMib = Math.ceil((request.bytes + exportBytes * 3) / (1024 * 1024))
  const config = builderConfig(request, id, binds, { ...limits, 'disk-mib': limits['disk-mib'] + extraMib })
  const { folders, files } = await placesOf(binds)
  const bundle = bundleArchive(
    config,
    new Map([...request.files, ...files.map((file) => [file, ''] as const)]),
    [...mountFolders(conditions), 'run', 'sys/fs/cgroup', ...folders]
  )
  const { onLine, signal } = request
  return collect({
    bundle,
    enclosure: {
      id,
      root,
      exportTar: path.resolve(request.exportTar),
      hostUser: hostIdBase[request.world],
      // Modes of the context go into the image, so they are the tree's in both worlds.
      umask: 0o022,
      disk: path.resolve(request.outputs),
      sizeKib: (limits['disk-mib'] + extraMib) * 1024 + ownKib
    },
    outputs: request.outputs,
    bytes: (limits['disk-mib'] + extraMib) * 1024 * 1024,
    seconds: limits.minutes * 60,
    outputLines,
    ...(onLine === undefined ? {} : { onLine }),
    ...(signal === undefined ? {} : { signal }),
    unavailable: {
      message: 'The enclosure of the image builder could not be set up.',
      fix: 'Needed are root or sudo, runc 1.1 or newer, control groups with memory and pids, and overlay and tmpfs mounts in user namespaces (Linux 5.11 or newer).'
    }
  })
}

/** That of a world, but for what a builder needs more. */
function builderConfig(
  { conditions, machine, script, ...request }: BuilderEnclosure,
  id: string,
  binds: readonly Bind[],
  limits: Limits
): BuilderConfig {
  const config = sandboxConfig({
    id,
    // The builder itself runs under the clock and language of the machine.
    conditions: { ...conditions, environment: {}, pathTail: [] },
    machine,
    limits,
    mountPoint,
    command: ['/bin/sh', '-eu', '-c', script, 'tagproof', ...request.arguments],
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C.UTF-8'
    },
    directory: conditions.home,
    network: 'none',
    binds,
    terminal: false
  })
  const all = Object.fromEntries(
    Object.keys(config.process.capabilities).map((kind) => [kind, kind === 'ambient' ? [] : capabilities])
  ) as RuntimeConfig['process']['capabilities']
  return {
    ...config,
    process: {
      ...config.process,
      user: { uid: 0, gid: 0, umask: 0o022, additionalGids: [] },
      capabilities: all,
      oomScoreAdj: 500
    },
    mounts: [
      ...config.mounts,
      {
        destination: '/run',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'nodev', 'mode=755', 'size=16m']
      },
      // The runtime of the steps looks for its group, and makes none of its own.
      {
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['nosuid', 'noexec', 'nodev', 'ro']
      }
    ],
    linux: {
      ...config.linux,
      seccomp: builderProfile(),
      // A proc file system can only be mounted where one is seen whole. No program of the image runs in this one.
      maskedPaths: [],
      readonlyPaths: []
    }
  }
}

async function systemBinds(): Promise<Bind[]> {
  const there = await Promise.all(systemFolders.map(exists))
  return systemFolders.filter((_, at) => there[at]).map((folder) => ({ source: folder, destination: folder }))
}

async function placesOf(binds: readonly Bind[]): Promise<{ folders: string[]; files: string[] }> {
  const places = { folders: [] as string[], files: [] as string[] }
  for (const { source, destination } of binds) {
    const status = await stat(source)
    places[status.isDirectory() ? 'folders' : 'files'].push(destination.slice(1))
  }
  return places
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false
  )
}
