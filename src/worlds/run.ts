import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Limits } from '../documents/config.ts'
import type { Variation, VariationName } from '../documents/fields.ts'
import type { World } from '../documents/identifiers.ts'
import { withTemporaryFolder, writeFileAtomic } from '../platform/files.ts'
import { privileged } from '../platform/privilege.ts'
import { requireRights } from '../platform/rights.ts'
import { plainEnvironment, runAttached } from '../platform/process.ts'
import { bundleArchive } from './bundle.ts'
import { collect, type Outcome } from './collect.ts'
import { enclosureCommand, mountPoint, type EnclosureRequest } from './enclosure.ts'
import { machineFacts, rootFacts, type MachineFacts } from './facts.ts'
import type { PreparedRoot } from './root.ts'
import { mountFolders, rootFiles, type HostFiles } from './root-files.ts'
import { hostUserId, sandboxConfig, type Bind } from './sandbox.ts'
import { checkedEnvironment } from './environment.ts'
import { variationsFor, type Conditions } from './variations.ts'

export interface WorldRequest {
  world: World
  root: PreparedRoot
  /** Tar archive of the world's export (prefix `tree/`), or null for a run without one. */
  exportTar: string | null
  /** Shown read-only; the content must be readable by everybody. */
  binds: readonly Bind[]
  command: readonly string[]
  /** Added to the world's own variables, which win; PATH alone is taken from here, with the world's tail. */
  environment: Readonly<Record<string, string>>
  limits: Limits
  /** `host` is for the lock's resolver alone, which runs no project code. */
  network: 'none' | 'host'
  /** Folder of the host that receives what the command leaves in OUT_DIR. */
  outputs: string
  /** Variations left out, to find a culprit. */
  off?: readonly VariationName[]
  onLine?: (line: string) => void
  signal?: AbortSignal
  /** Gives the terminal to the command; nothing is collected. */
  interactive?: boolean
  /** Names the run's control group; by default random. */
  id?: string
  /** Where the command starts, as an absolute path inside; by default the tree, or the home without an export. */
  directory?: string
}

export interface WorldResult extends Outcome {
  variations: Variation[]
}

/** A traceback is long, and what it follows from stands before it. */
const outputLines = 200
/** Room for what the world itself puts there: account files, mount points, the bundle. */
const ownKib = 16 * 1024

/**
 * Runs a command in a world: a fresh copy of its root and export, its conditions, its limits. When this returns, or
 * throws, or this process dies, nothing of the run is left: no process, mount, control group or file but `outputs`.
 *
 * @throws TagproofError `sandbox-unavailable`, `privilege-missing` or `tool-missing` if there can be no sandbox here;
 *   `build-output` if what the command left cannot be taken over; `cancelled`
 */
export async function runInWorld(request: WorldRequest): Promise<WorldResult> {
  await requireRights()
  const machine = await machineFacts()
  const conditions = variationsFor(request.world, machine, await rootFacts(request.root.path), {
    off: request.off ?? [],
    exported: request.exportTar !== null
  })
  const prepared = await prepare(request, machine, conditions)
  const variations = [...conditions.records]
  if (request.interactive === true) return { ...(await runOnTerminal(prepared)), variations }
  const outcome = await runEnclosed(request, prepared)
  return { ...outcome, variations }
}

interface Prepared {
  bundle: Buffer
  enclosure: Omit<EnclosureRequest, 'bundle'>
}

async function prepare(
  request: WorldRequest,
  machine: MachineFacts,
  conditions: Conditions
): Promise<Prepared> {
  const id = request.id ?? `${request.world}-${randomBytes(8).toString('hex')}`
  const exportBytes = request.exportTar === null ? 0 : (await stat(request.exportTar)).size
  const binds = [...request.binds, ...(await networkBinds(request))].map(({ source, destination }) => ({
    source: path.resolve(source),
    destination
  }))
  const config = sandboxConfig({
    id,
    conditions,
    machine,
    limits: request.limits,
    mountPoint,
    command: request.command,
    environment: checkedEnvironment(request.environment),
    directory: request.directory ?? (request.exportTar === null ? conditions.home : conditions.buildPath),
    network: request.network,
    binds,
    terminal: request.interactive === true
  })
  const files = rootFiles(conditions, await hostFiles(request))
  const [boundFolders, boundFiles] = await foldersAndFiles(binds)
  const folders = [...mountFolders(conditions), ...boundFolders]
  return {
    bundle: bundleArchive(
      config,
      new Map([...files, ...boundFiles.map((file) => [file, ''] as const)]),
      folders
    ),
    enclosure: {
      id,
      root: path.resolve(request.root.path),
      exportTar: request.exportTar === null ? null : path.resolve(request.exportTar),
      hostUser: hostUserId(conditions),
      umask: conditions.umask,
      // A file takes whole pages, so an export of small files needs more than its archive.
      sizeKib: request.limits['disk-mib'] * 1024 + Math.ceil((exportBytes * 3) / 1024) + ownKib
    }
  }
}

function runEnclosed(request: WorldRequest, prepared: Prepared): Promise<Outcome> {
  const { outputs, limits, onLine, signal } = request
  return collect({
    ...prepared,
    outputs,
    bytes: limits['disk-mib'] * 1024 * 1024,
    seconds: limits.minutes * 60,
    outputLines,
    ...(onLine === undefined ? {} : { onLine }),
    ...(signal === undefined ? {} : { signal }),
    unavailable: {
      message: 'The world could not be set up on this machine.',
      fix: 'Needed are root or sudo, runc 1.1 or newer, control groups with memory and pids, and overlay and tmpfs mounts.'
    }
  })
}

async function runOnTerminal({ bundle, enclosure }: Prepared): Promise<Outcome> {
  return withTemporaryFolder('tagproof-shell', async (folder) => {
    const file = `${folder}/bundle.tar`
    await writeFileAtomic(file, bundle, 0o600)
    const { command, args } = enclosureCommand({ ...enclosure, bundle: { file } })
    const enclosed = privileged(command, args)
    const code = await runAttached(enclosed.command, enclosed.args, { env: plainEnvironment })
    return { code, contained: null, output: '', reads: null, files: [] }
  })
}

async function hostFiles({ root, network }: WorldRequest): Promise<HostFiles> {
  const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')
  return {
    passwd: await text(`${root.path}/etc/passwd`),
    group: await text(`${root.path}/etc/group`),
    network:
      network === 'none'
        ? null
        : { resolver: await text('/etc/resolv.conf'), hosts: await text('/etc/hosts') }
  }
}

/** With the network comes the host's trust in certificate authorities, which may include a company's own. */
async function networkBinds({ root, network }: WorldRequest): Promise<Bind[]> {
  const bundle = '/etc/ssl/certs/ca-certificates.crt'
  if (network === 'none') return []
  const there = await Promise.all([bundle, root.path + bundle].map(isFile))
  return there.every(Boolean) ? [{ source: bundle, destination: bundle }] : []
}

/** Mount points of the binds, relative to the root: folders, and files. */
async function foldersAndFiles(binds: readonly Bind[]): Promise<[string[], string[]]> {
  const files = await Promise.all(binds.map((bind) => isFile(bind.source)))
  const points = binds.map((bind) => bind.destination.slice(1))
  return [points.filter((_, at) => files[at] !== true), points.filter((_, at) => files[at] === true)]
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (status) => status.isFile(),
    () => false
  )
}
