import { access, mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Sha256 } from '../documents/identifiers.ts'
import type { DebianPackage, RootLock } from '../documents/lock.ts'
import { TagproofError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import { requireRights } from '../platform/rights.ts'
import { lastLines } from '../platform/process.ts'
import { startTied } from './child.ts'
import { makerCommand, packageList, rootHash, rootHashOnTop } from './root-maker.ts'

export { pythonRootPackages } from './root-packages.ts'

/** A file system to build in. */
export interface PreparedRoot {
  /** Folder on the host; never written to once it is there. */
  path: string
  /** Over the list of packages it was made from. */
  hash: Sha256
  /** Path of its Python interpreter inside, if it has one. */
  python: string | null
}

export interface PrepareRootOptions {
  /** Folder that keeps roots from run to run. */
  cache: string
  /** Names of the packages that are installed, with the essential ones and what they depend on; all by default. */
  only?: readonly string[]
  /** A root of packages of the same lock: it is copied, and the packages are installed on top of it. */
  base?: PreparedRoot
  log: Log
  signal?: AbortSignal
}

/**
 * Makes the root of a locked list of packages, offline, or finds it in the cache. The same list gives the same files,
 * modes, owners and times on every machine of the architecture. It appears in the cache whole or not at all; makers
 * that want the same one wait for the first. It belongs to root, since its files do.
 *
 * @throws TagproofError `sandbox-unavailable` if it cannot be made here; `privilege-missing`, `cancelled`, `disk-full`
 */
export async function prepareRoot(
  name: string,
  lock: RootLock,
  inputs: { debian(entry: DebianPackage): string },
  options: PrepareRootOptions
): Promise<PreparedRoot> {
  const { base, only } = options
  const hash = base === undefined ? rootHash(lock, only) : rootHashOnTop(base.hash, lock, only ?? [])
  const folder = path.resolve(options.cache, 'roots')
  const root = path.join(folder, hash)
  if (!(await exists(root))) {
    await requireRights()
    await mkdir(folder, { recursive: true })
    await make(name, lock, inputs, { ...options, folder, hash })
  }
  const python = await exists(path.join(root, 'usr/bin/python3'))
  return { path: root, hash, python: python ? '/usr/bin/python3' : null }
}

async function make(
  name: string,
  lock: RootLock,
  inputs: { debian(entry: DebianPackage): string },
  { log, signal, only, base, folder, hash }: PrepareRootOptions & { folder: string; hash: Sha256 }
): Promise<void> {
  const count = base === undefined ? lock.packages.length : (only?.length ?? 0)
  const progress = log.begin(`root ${name}: ${count} packages${base === undefined ? '' : ' on top'}`)
  const list = Buffer.from(packageList(lock, (entry) => path.resolve(inputs.debian(entry)), only))
  const child = startTied(makerCommand(folder, hash, lock.architecture, list.length, base?.path ?? ''), {
    input: list,
    keepBytes: 256 * 1024,
    onLine: (line) => progress.line(line.replace(/^(step|I:) /, '')),
    signal
  })
  try {
    const ended = await child.ended
    if (ended.code !== 0) throw notMade(name, ended.code, ended.stderr.toString('utf8'))
    progress.done(hash.slice(0, 12))
  } catch (error) {
    progress.failed()
    throw error
  }
}

function notMade(name: string, code: number | null, text: string): TagproofError {
  const output = lastLines(text, 30)
  if (text.includes('No space left on device'))
    return new TagproofError('disk-full', `The disk is full; the root ${name} was not made.`, {
      output,
      fix: 'Free space (a root takes about 1 GB while it is made), or choose another folder with TAGPROOF_CACHE.'
    })
  return new TagproofError('sandbox-unavailable', `The root ${name} could not be made.`, {
    found: `status ${String(code)}`,
    output,
    fix: 'Needed are root or sudo, mmdebstrap and dpkg. If a package failed to install, lock the root again (tagproof lock --upgrade).'
  })
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
