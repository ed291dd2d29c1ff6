import {
  chmod,
  copyFile,
  constants,
  mkdir,
  mkdtemp,
  rename,
  rm,
  stat,
  utimes,
  writeFile
} from 'node:fs/promises'
import path from 'node:path'
import type { Epoch } from '../../documents/identifiers.ts'
import type { DebianPackage, RootLock } from '../../documents/lock.ts'
import { TagproofError } from '../../platform/errors.ts'
import { sha256OfBytes } from '../../platform/files.ts'
import { describeEnd, lastLines, plainEnvironment, run } from '../../platform/process.ts'

/** Files of the cache have this time, which goes into the layers that copy them: no download decides about bytes. */
const keptTime = 1_577_836_800
/** Changes with how the repository is made. */
const making = '1'

/**
 * A folder of files for `COPY --from`: copies with plain modes, and times = epoch.
 *
 * @param files by name in the folder, where each lies: an input lies under its hash
 * @param folder is made
 */
export async function fileContext(
  files: ReadonlyMap<string, string>,
  folder: string,
  epoch: Epoch
): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, file] of files) await copyPlain(file, path.join(folder, name), epoch)
  await settle(folder, epoch)
}

/**
 * `tagproof-debs`: the locked packages of a root as a flat apt repository, with an index of their control files. The
 * same list gives the same bytes; it is kept in the cache.
 *
 * @returns the folder
 * @throws TagproofError `tool-missing` (apt-ftparchive), `internal`, `disk-full`
 */
export async function debContext(
  lock: RootLock,
  file: (entry: DebianPackage) => string,
  cache: string
): Promise<string> {
  const lines = lock.packages.map((entry) => `${entry.sha256} ${fileName(entry)}`).sort()
  const folder = path.resolve(cache, 'contexts', sha256OfBytes(`debs ${making}\n${lines.join('\n')}\n`))
  if (await isThere(folder)) return folder
  await mkdir(path.dirname(folder), { recursive: true })
  const part = await mkdtemp(`${folder}.part-`)
  try {
    for (const entry of lock.packages)
      await copyPlain(file(entry), path.join(part, fileName(entry)), keptTime)
    const index = path.join(part, 'Packages')
    await writeFile(index, await indexOf(part), { mode: 0o644 })
    await utimes(index, keptTime, keptTime)
    await settle(part, keptTime)
    // Another run may have been quicker; both made the same.
    await rename(part, folder).catch(async (error: unknown) => {
      if (!(await isThere(folder))) throw error
    })
    return folder
  } finally {
    await rm(part, { recursive: true, force: true })
  }
}

/** As apt names a file it has fetched, without the escape of the epoch's colon. */
function fileName({ name, version, architecture }: DebianPackage): string {
  return `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
}

async function indexOf(folder: string): Promise<string> {
  const sums = ['--no-md5', '--no-sha1', '--no-sha512']
  const result = await run('apt-ftparchive', [...sums, 'packages', '.'], {
    cwd: folder,
    env: plainEnvironment
  })
  if (result.code !== 0)
    throw new TagproofError('internal', 'The index of the locked packages could not be made.', {
      found: describeEnd(result),
      output: lastLines(result.stderr.toString('utf8'), 10)
    })
  const stanzas = result.stdout.toString('utf8').trim().split('\n\n')
  return `${stanzas.sort().join('\n\n')}\n`
}

async function copyPlain(from: string, to: string, time: number): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  await chmod(to, 0o644)
  await utimes(to, time, time)
}

async function settle(folder: string, time: number): Promise<void> {
  await chmod(folder, 0o755)
  await utimes(folder, time, time)
}

async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false
  )
}
