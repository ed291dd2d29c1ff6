import { createReadStream } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { BuiltArtifact, BuiltTarget } from '../../../documents/build.ts'
import type { Variation } from '../../../documents/fields.ts'
import { sha256 } from '../../../documents/identifiers.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { hashFile, withTemporaryFolder, writeFileAtomic } from '../../../platform/files.ts'
import { printable } from '../../../platform/printable.ts'
import { runInWorld, type WorldRequest, type WorldResult } from '../../../worlds/run.ts'
import type { BuildRequest } from '../../build-request.ts'
import { withCount } from '../../python/build.ts'
import { changelogForTag, newestEntry } from './changelog.ts'
import { parseChanges, unusable, type Changes } from './changes.ts'
import { exportedTexts } from './exported-files.ts'
import { debianError } from './failures.ts'
import { buildScript, changelogPlace, changesName, debianEnvironment, unfitName } from './script.ts'

/**
 * Builds the binary packages of a target with a `debian/` folder in one world, with the bytes of dpkg's own tools.
 * Afterwards `folder` holds the debs and nothing else; `.buildinfo` and `.changes` are kept as evidence beside it.
 *
 * @throws TagproofError `build-failed`, `build-timeout`, `build-memory`, `build-processes` or `build-disk` with the
 *   last lines of output; `build-output` if what it left is not what its `.changes` says; `lock-incomplete` if the
 *   root lacks what `Build-Depends` asks for; `config-invalid` if no changelog can be made for the tag
 */
export async function buildDebian(request: BuildRequest): Promise<BuiltTarget> {
  const world = await inWorld(request, ['/bin/sh', '-euc', buildScript, 'sh', request.target.path])
  request.onWorld?.(world)
  if (world.code !== 0) throw debianError(request, world)
  await warnOfPatches(request)
  const changes = parseChanges(await textOf(path.join(request.folder, changesName)))
  const debs = changes.files.filter(({ name }) => isPublished(name))
  const artifacts: BuiltArtifact[] = []
  for (const { name, size, sha256: hash } of debs.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    await requireFile(request.folder, { name, size, sha256: hash })
    artifacts.push({ kind: 'deb', name, size, sha256: sha256(hash) })
  }
  if (artifacts.length === 0) throw unusable('no package for this architecture')
  const evidence = await keepEvidence(request, changes)
  await removeOthers(request, artifacts)
  return {
    name: request.target.name,
    artifacts,
    evidence,
    requires: [],
    reads: world.reads,
    variations: world.variations.map((variation) => withCount(withThreads(variation), request))
  }
}

/** A shell in the world of a target, where its build would start. Returns the shell's exit status. */
export async function shellDebian(request: BuildRequest): Promise<number> {
  const world = await inWorld(request, ['/bin/bash'], { interactive: true })
  return world.code ?? 1
}

async function inWorld(
  request: BuildRequest,
  command: readonly string[],
  more: Partial<WorldRequest> = {}
): Promise<WorldResult> {
  return withTemporaryFolder('tagproof-debian', async (folder) => {
    const place = path.join(folder, 'changelog')
    await mkdir(place, { mode: 0o755 })
    const changelog = await releaseChangelog(request)
    if (changelog !== null) await writeFileAtomic(path.join(place, 'changelog'), changelog)
    return runInWorld({
      world: request.world,
      root: request.root,
      exportTar: request.exportTar,
      binds: changelog === null ? [] : [{ source: place, destination: changelogPlace }],
      command,
      environment: debianEnvironment(request.tag.epoch),
      limits: request.limits,
      network: 'none',
      outputs: request.folder,
      off: request.off,
      ...(request.onLine === undefined ? {} : { onLine: request.onLine }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...more
    })
  })
}

/** The changelog that takes the place of the tree's; null where the tree's is right, or there is no tag. */
async function releaseChangelog(request: BuildRequest): Promise<string | null> {
  const { target, tag, version, rootLock, exportTar, world, log } = request
  const folder = target.path === '.' ? 'debian' : `${target.path}/debian`
  const [control, changelogPath, format] = [
    `${folder}/control`,
    `${folder}/changelog`,
    `${folder}/source/format`
  ]
  const texts = await exportedTexts(exportTar, [control, changelogPath, format])
  const changelog = texts.get(changelogPath) ?? ''
  if (target.deb?.mode === 'debian' && target.deb.changelog === 'tag' && version !== null) {
    const made = changelogForTag(changelog, {
      control: texts.get(control) ?? '',
      controlPath: control,
      format: texts.get(format) ?? null,
      suite: rootLock.suite,
      tag: tag.name,
      version,
      suffix: target.deb.suffix,
      epoch: tag.epoch
    })
    return made === changelog ? null : made
  }
  const seconds = newestEntry(changelog)?.seconds ?? null
  if (world === 'a' && seconds !== null && seconds > tag.epoch)
    log.info(
      `${target.name}: the newest entry of ${changelogPath} is later than the commit; the time of the commit counts.`
    )
  return null
}

/** Symbols for debuggers and parts of installers are no packages that users install. */
function isPublished(name: string): boolean {
  return name.endsWith('.deb') && !/-dbgsym_[^_]*_[^_]*\.deb$/.test(name)
}

async function requireFile(folder: string, file: Changes['files'][number]): Promise<void> {
  const hashed = await hashFile(path.join(folder, file.name)).catch(() => undefined)
  if (hashed?.sha256 !== file.sha256 || hashed.size !== file.size)
    throw unusable(
      `${file.name}, which is ${hashed === undefined ? 'not there' : 'another file than it says'}`
    )
}

/** `.buildinfo` and `.changes` say what took part and when, so they differ between the worlds by right. */
async function keepEvidence(
  { folder, rootLock }: BuildRequest,
  { source, version, files }: Changes
): Promise<NonNullable<BuiltTarget['evidence']>> {
  const place = `${folder}+evidence`
  await rm(place, { recursive: true, force: true })
  await mkdir(place, { recursive: true })
  const kept: NonNullable<BuiltTarget['evidence']> = {}
  const keep = async (from: string, to: string): Promise<void> => {
    await rename(path.join(folder, from), path.join(place, to))
    kept[to] = (await hashFile(path.join(place, to))).sha256
  }
  const whole = `${source}_${version.replace(/^\d+:/, '')}_${rootLock.architecture}`
  await keep(changesName, `${whole}.changes`)
  for (const file of files.filter(({ name }) => name.endsWith('.buildinfo'))) {
    await requireFile(folder, file)
    await keep(file.name, file.name)
  }
  return kept
}

/** The tree of the tag is built as it is then, as dpkg does; whoever counts on the patches must know. */
async function warnOfPatches({ folder, log, target, world }: BuildRequest): Promise<void> {
  const file = path.join(folder, unfitName)
  // The build may have written there itself: it is shown as a name, and no more.
  const patch = printable(await textOf(file).catch(() => ''))
    .slice(0, 200)
    .trim()
  if (patch === '') return
  await rm(file)
  if (world === 'a')
    log.warn(
      `${target.name}: ${patch} of debian/patches neither applies to the tree nor is applied, so dpkg builds without the patches. Refresh them with quilt, or drop them.`
    )
}

/** What else lies there is no artifact, and would look like one. */
async function removeOthers(
  { folder, log, target }: BuildRequest,
  artifacts: readonly BuiltArtifact[]
): Promise<void> {
  const names = artifacts.map((entry) => entry.name)
  for (const name of await readdir(folder)) {
    if (names.includes(name)) continue
    await rm(path.join(folder, name), { recursive: true, force: true })
    log.info(
      `${target.name}: ${name} is left out; only .deb packages are released, without those of debug symbols.`
    )
  }
}

/** dpkg-deb's threads and make's jobs follow the CPUs, which a variable of theirs would hide. */
function withThreads(variation: Variation): Variation {
  if (variation.name !== 'cpus' || !variation.applied) return variation
  return { ...variation, value: `${variation.value}, and as many jobs of make and threads of dpkg-deb` }
}

const largestChanges = 4 * 1024 * 1024

async function textOf(file: string): Promise<string> {
  let text = ''
  try {
    for await (const piece of createReadStream(file, { encoding: 'utf8' })) {
      text += piece as string
      if (text.length > largestChanges) throw unusable('more than 4 MiB')
    }
  } catch (error) {
    if (error instanceof TagproofError) throw error
    throw unusable('none')
  }
  return text
}
