import { access, constants, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { hashFile } from '../platform/files.ts'
import { plainEnvironment, run } from '../platform/process.ts'
import type { BuilderProgram } from './builder.ts'

/** The release of BuildKit that `scripts/setup-buildkit.mjs` makes. */
export const buildkitVersion = 'v0.34.2'

export interface FoundPrograms {
  /** Folder on the host that holds the programs. */
  folder: string
  version: string
  programs: BuilderProgram[]
}

/**
 * Finds BuildKit: in the folder that `TAGPROOF_BUILDKIT` names, among the tools of the cache, or on the PATH.
 *
 * @returns undefined where there is none that runs
 */
export async function findBuildkit(
  environment: Readonly<Record<string, string | undefined>> = process.env
): Promise<FoundPrograms | undefined> {
  for (const folder of buildkitFolders(environment)) {
    const files = ['buildkitd', 'buildctl'].map((name) => path.join(folder, name))
    if (!(await Promise.all(files.map(isProgram))).every(Boolean)) continue
    const version = await versionOf(files[0] ?? '', /\s(v\d\S*)/)
    return { folder, version: version ?? versionOfFolder(folder), programs: await programsOf(files) }
  }
  return undefined
}

function buildkitFolders(environment: Readonly<Record<string, string | undefined>>): string[] {
  const named = environment.TAGPROOF_BUILDKIT
  if (named !== undefined && named !== '') return [path.resolve(named)]
  return [path.join(toolsFolder(environment), `buildkit-${buildkitVersion}`), ...searchPath(environment)]
}

/** Folder of the cache that keeps tools made from source. */
export function toolsFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const caches = environment.XDG_CACHE_HOME ?? path.join(homedir(), '.cache')
  return path.join(environment.TAGPROOF_CACHE ?? path.join(caches, 'tagproof'), 'tools')
}

function searchPath(environment: Readonly<Record<string, string | undefined>>): string[] {
  return [...(environment.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].filter((folder) =>
    folder.startsWith('/')
  )
}

/** A program of the system by its name, for ordinary users too, whose PATH lacks sbin. */
export async function findProgram(
  name: string,
  environment: Readonly<Record<string, string | undefined>> = process.env
): Promise<string | undefined> {
  for (const folder of searchPath(environment)) {
    const file = path.join(folder, name)
    if (await isProgram(file)) return file
  }
  return undefined
}

/** Version that a program reports, or undefined. */
export async function versionOf(file: string, pattern: RegExp): Promise<string | undefined> {
  const { stdout, code } = await run(file, ['--version'], { env: plainEnvironment, timeoutSeconds: 20 })
  return code === 0 ? pattern.exec(stdout.toString('utf8'))?.[1] : undefined
}

export async function programsOf(files: readonly string[]): Promise<BuilderProgram[]> {
  return Promise.all(
    files.map(async (file) => ({ name: path.basename(file), sha256: (await hashFile(file)).sha256 }))
  )
}

/** A build from the module cache knows no version of its own; the folder was made for one. */
function versionOfFolder(folder: string): string {
  return /^buildkit-(v\d\S*)$/.exec(path.basename(folder))?.[1] ?? 'unknown'
}

async function isProgram(file: string): Promise<boolean> {
  return Promise.all([access(file, constants.X_OK), stat(file)]).then(
    ([, status]) => status.isFile(),
    () => false
  )
}

/** Finds buildah on the PATH. */
export async function findBuildah(
  environment: Readonly<Record<string, string | undefined>> = process.env
): Promise<FoundPrograms | undefined> {
  const file = await findProgram('buildah', environment)
  if (file === undefined) return undefined
  const version = (await versionOf(file, /version (\S+)/)) ?? 'unknown'
  return { folder: path.dirname(file), version, programs: await programsOf([file]) }
}
