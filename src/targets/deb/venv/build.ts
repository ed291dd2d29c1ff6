import { chmod, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { BuiltTarget } from '../../../documents/build.ts'
import type { Variation } from '../../../documents/fields.ts'
import { isWheel, type PythonLock, type PythonPackage } from '../../../documents/lock.ts'
import type { VenvSettings } from '../../../documents/target-settings.ts'
import { normalizeName } from '../../../formats/metadata.ts'
import { parseWheelName } from '../../../formats/wheel.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { hashFile, withTemporaryFolder, writeFileAtomic } from '../../../platform/files.ts'
import { runInWorld, type WorldResult } from '../../../worlds/run.ts'
import type { BuildRequest, WithScramble, WithWheel } from '../../build-request.ts'
import { withCount } from '../../python/build.ts'
import { interpreterOf } from '../../python/environment.ts'
import { installWheels } from '../../python/install.ts'
import { wheelsOf } from '../../python/sdist.ts'
import assembleText from './assemble.py'
import { assembleJob } from './job.ts'
import { assembleError } from './failures.ts'
import type { VenvFacts } from './generated.ts'
import { treeScripts } from './scripts.ts'
import { checkVenvSettings } from './settings-check.ts'
import { debFileName, debianVersion } from './version.ts'

/** Where the parts of the package are seen in both worlds. */
const partsPath = '/opt/package-parts'

/**
 * Builds the deb with a virtual environment in one world: the wheel that this world has built and the locked
 * packages, installed at their final path without running code of theirs; sdists of the lock are compiled in the
 * world itself. Afterwards `folder` holds the deb and nothing else.
 *
 * @throws TagproofError `config-invalid` for settings that make no package, `lock-incomplete` where the wheel asks
 *   for what the lock has not, `build-failed` with a maintainer script that is refused or a library that is missing,
 *   and as {@link wheelsOf} and {@link installWheels}
 */
export async function buildVenv(request: BuildRequest & WithWheel & WithScramble): Promise<BuiltTarget> {
  const { target, world, tag } = request
  if (target.deb?.mode !== 'venv' || request.wheel === null)
    throw new TagproofError('internal', `Target ${target.name} is no package that is made of a wheel.`)
  const settings = target.deb.venv
  checkVenvSettings(settings)
  const scripts = await treeScripts(settings, request.exportTar, world)
  return withTemporaryFolder('tagproof-venv', async (work) => {
    const parts = path.join(work, 'parts')
    await mkdir(parts, { mode: 0o755 })
    const { wheels, names, project } = await wheelsFor(request, path.join(work, 'wheels'))
    const minor = await interpreterOf(request.root)
    const place = { prefix: settings.prefix, minor }
    await installWheels(wheels, { folder: path.join(parts, 'environment'), time: tag.epoch, ...place })
    const facts: VenvFacts = {
      version: debianVersion(request.version ?? project.version, settings.revision),
      architecture: names.every(isForAll) ? 'all' : request.rootLock.architecture,
      minor,
      suite: request.rootLock.suite,
      tag: tag.name,
      commit: tag.commit,
      epoch: tag.epoch
    }
    const name = debFileName(settings.package, facts.version, facts.architecture)
    const job = assembleJob(settings, facts, {
      name,
      project: project.name,
      scripts,
      folder: target.path,
      scrambledPaths: request.scrambledPaths
    })
    await writeFileAtomic(path.join(parts, 'job.json'), JSON.stringify(job))
    await writeFileAtomic(path.join(parts, 'assemble.py'), assembleText)
    await chmod(parts, 0o755)
    const ended = await assemble(request, parts)
    const deb = { kind: 'deb' as const, name, ...(await hashOf(request, ended, name)) }
    return {
      name: target.name,
      artifacts: [deb],
      requires: [],
      reads: readsOf(ended, settings),
      variations: ended.variations.map((variation) => truth(variation, request))
    }
  })
}

/** The locked packages as wheels, and the project's own behind them. */
async function wheelsFor(
  request: BuildRequest & WithWheel,
  work: string
): Promise<{ wheels: string[]; names: string[]; project: { name: string; version: string } }> {
  const { wheel, locked, root, tag, limits, log, world, off, signal } = request
  const own = wheel ?? ''
  const { name, version } = parseWheelName(path.basename(own))
  const project = { name: normalizeName(name), version: version.replaceAll('_', '-') }
  const others = locked?.packages.filter((entry) => entry.name !== project.name) ?? []
  const rest: PythonLock | null = locked === null ? null : { ...locked, packages: others }
  const more = signal === undefined ? {} : { signal }
  const room = {
    root,
    epoch: tag.epoch,
    limits,
    log,
    world,
    off,
    ...more,
    file: (entry: PythonPackage) => request.file(entry)
  }
  const wheels = rest === null ? [] : await wheelsOf(rest, work, room)
  // A file of the store is named by its hash.
  const names = wheels.map((made, at) => {
    const entry = others[at]
    return entry !== undefined && isWheel(entry) ? entry.file : path.basename(made)
  })
  return { wheels: [...wheels, own], names: [...names, path.basename(own)], project }
}

function isForAll(wheel: string): boolean {
  return parseWheelName(wheel).platform === 'any'
}

async function assemble(request: BuildRequest, parts: string): Promise<WorldResult> {
  const { world, root, limits, off, onLine, signal } = request
  await mkdir(request.folder, { recursive: true })
  const result = await runInWorld({
    world,
    root,
    exportTar: request.exportTar,
    binds: [{ source: parts, destination: partsPath }],
    command: [root.python ?? '/usr/bin/python3', '-B', `${partsPath}/assemble.py`, partsPath],
    environment: { SOURCE_DATE_EPOCH: String(request.tag.epoch), PYTHONUNBUFFERED: '1' },
    limits,
    network: 'none',
    outputs: request.folder,
    off,
    ...(onLine === undefined ? {} : { onLine }),
    ...(signal === undefined ? {} : { signal })
  })
  request.onWorld?.(result)
  if (result.code !== 0) throw assembleError(request, result)
  return result
}

async function hashOf(
  request: BuildRequest,
  ended: WorldResult,
  name: string
): Promise<{ size: number; sha256: Awaited<ReturnType<typeof hashFile>>['sha256'] }> {
  for (const other of ended.files)
    if (other !== name) await rm(path.join(request.folder, other), { force: true })
  const hashed = ended.files.includes(name) ? await hashFile(path.join(request.folder, name)) : undefined
  if (hashed !== undefined) return { size: hashed.size, sha256: hashed.sha256 }
  throw new TagproofError('build-output', 'The build left no deb.', {
    found: ended.files.join(', ') || 'nothing'
  })
}

/** Scripts are read outside of the world, and count as read all the same. */
function readsOf({ reads }: WorldResult, { scripts }: VenvSettings): string[] | null {
  return reads === null ? null : [...new Set([...reads, ...Object.values(scripts)])].sort()
}

/** What of a variation does not reach all parts of the build. */
function truth(variation: Variation, request: BuildRequest & WithWheel): Variation {
  const counted = withCount(variation, request)
  const sdists = request.locked?.packages.some((entry) => !isWheel(entry)) === true
  if (!counted.applied || request.world !== 'b') return counted
  if (counted.name === 'build-path' && sdists)
    return { ...counted, value: `${counted.value}; locked sdists are compiled in /tmp in both worlds` }
  if (counted.name === 'hash-seed')
    return { ...counted, value: `${counted.value}; 0 where .pyc are written, in both worlds` }
  return counted
}
