import { createHash } from 'node:crypto'
import { closeSync, fchmodSync, futimesSync, lstatSync, openSync, writeSync } from 'node:fs'
import { chmod, lutimes, mkdir, readFile, rename, rm, symlink, utimes } from 'node:fs/promises'
import path from 'node:path'
import { formatRecord, type RecordLine } from '../../formats/record.ts'
import { openZip, type ZipArchive, type ZipEntry } from '../../formats/zip/reader.ts'
import { TagproofError } from '../../platform/errors.ts'
import { joinInside } from '../../platform/files.ts'
import { whole } from '../../platform/pieces.ts'
import {
  entryPointScripts,
  readWheelHead,
  rewriteShebang,
  schemeOf,
  type WheelHead
} from './wheel-install.ts'

/** Where an environment is seen, and by which Python. */
export interface EnvironmentPlace {
  /** Absolute path that scripts name, such as `/usr/lib/herald`; it need not exist on this machine. */
  prefix: string
  /** The interpreter, `3.11`: it decides where packages lie. */
  minor: string
}

export interface InstallOptions extends EnvironmentPlace {
  /** Made, whole or not at all: what lies at `prefix` once it is there. */
  folder: string
  /** Time that all files carry, in seconds. */
  time: number
}

/** A file of an installed wheel. */
export interface InstalledMember {
  /** Relative to the environment. */
  path: string
  bytes: Buffer
  executable: boolean
  /** The member of the wheel that it is; null for what the installer writes. */
  member: string | null
}

/**
 * Installs wheels as a virtual environment: these packages and nothing else, the same bits each time, no bytecode,
 * no pip, no activation scripts. No code of any package runs.
 *
 * @param wheels files whose hashes were checked when they were fetched; their names do not matter
 * @throws TagproofError `archive-invalid` for a wheel that is none, or that disagrees with its own RECORD;
 *   `lock-invalid` if two packages bring different files to one place, or if one is no wheel
 * @see https://packaging.python.org/en/latest/specifications/binary-distribution-format/
 */
export async function installWheels(wheels: readonly string[], options: InstallOptions): Promise<void> {
  const part = `${options.folder}.${process.pid}.part`
  await rm(part, { recursive: true, force: true })
  try {
    const written = new Written(part, options.time)
    await written.skeleton(options.minor)
    for (const wheel of wheels)
      for await (const file of installedMembers(wheel, options))
        await written.file(file.path, file.bytes, file.executable, file.owner)
    await written.settle()
    await rename(part, options.folder)
  } finally {
    await rm(part, { recursive: true, force: true })
  }
}

/**
 * The files that a wheel becomes: its members, each where its scheme puts it, then scripts of entry points, INSTALLER
 * and RECORD as `pip install --no-compile` writes them.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function* installedMembers(
  wheel: string,
  place: EnvironmentPlace
): AsyncGenerator<InstalledMember & { owner: string }> {
  const archive = await openZip(wheel)
  try {
    const head = await readWheelHead(path.basename(wheel), archive)
    const rows: RecordLine[] = []
    for await (const file of membersOf(archive, head, place)) {
      rows.push(recordLine(file, place.minor))
      yield { ...file, owner: head.name }
    }
    const record = `${sitePackages(place.minor)}/${head.name}.dist-info/RECORD`
    yield {
      path: record,
      bytes: Buffer.from(installedRecord(rows, head.name)),
      executable: false,
      member: null,
      owner: head.name
    }
  } finally {
    await archive.close()
  }
}

/** Folder of the packages in a virtual environment. */
export function sitePackages(minor: string): string {
  return `lib/python${minor}/site-packages`
}

/** `pyvenv.cfg` (PEP 405). */
export function environmentSettings(minor: string): string {
  return `home = /usr/bin\ninclude-system-site-packages = false\nversion = ${minor}\n`
}

/** The links in `bin`, by name. */
export function interpreterLinks(minor: string): Record<string, string> {
  return Object.fromEntries(['python', 'python3', `python${minor}`].map((name) => [name, '/usr/bin/python3']))
}

/** What an installer says of itself (recording installed projects). */
export const installerText = 'tagproof\n'

async function* membersOf(
  archive: ZipArchive,
  head: WheelHead,
  place: EnvironmentPlace
): AsyncGenerator<InstalledMember> {
  const info = `${head.name}.dist-info`
  for (const entry of archive.entries) {
    if (entry.isDirectory || [`${info}/RECORD`, `${info}/INSTALLER`].includes(entry.path)) continue
    const target = schemeOf(entry.path, head, place.minor)
    const content = await contentOf(archive, entry)
    if (!agrees(content, head.record.get(entry.path)))
      throw new TagproofError('archive-invalid', `${head.name} disagrees with its own RECORD.`, {
        where: entry.path,
        fix: 'The file on the index is broken; lock another version of it.'
      })
    const executable = target.script || (entry.mode & 0o111) !== 0
    const bytes = target.script ? rewriteShebang(content, place.prefix) : content
    yield { path: target.path, bytes, executable, member: entry.path }
  }
  for (const { name, text } of entryPointScripts(head.entryPoints, place.prefix))
    yield { path: `bin/${name}`, bytes: Buffer.from(text), executable: true, member: null }
  const installer = `${sitePackages(place.minor)}/${info}/INSTALLER`
  yield { path: installer, bytes: Buffer.from(installerText), executable: false, member: null }
}

/** A package's file may be this large; the largest honest ones are compilers and linkers. */
const largestFile = 512 * 1024 * 1024

async function contentOf(archive: ZipArchive, entry: ZipEntry): Promise<Buffer> {
  if (entry.size > largestFile)
    throw new TagproofError('archive-invalid', `${entry.path} is too large for a package.`)
  return await whole(archive.content(entry))
}

/** Whether content is what RECORD says; RECORD and its signatures have no hash. */
function agrees(content: Buffer, recorded: RecordLine | undefined): boolean {
  if (recorded === undefined || recorded.algorithm === null) return true
  return createHash(recorded.algorithm).update(content).digest('hex') === recorded.digest
}

function recordLine({ path: name, bytes }: InstalledMember, minor: string): RecordLine {
  return {
    path: fromSitePackages(name, minor),
    algorithm: 'sha256',
    digest: createHash('sha256').update(bytes).digest('hex'),
    size: bytes.length
  }
}

function fromSitePackages(name: string, minor: string): string {
  const site = `${sitePackages(minor)}/`
  return name.startsWith(site) ? name.slice(site.length) : `../../../${name}`
}

/** RECORD of an installed package: sorted, itself without a hash. */
function installedRecord(rows: readonly RecordLine[], name: string): string {
  const own: RecordLine = { path: `${name}.dist-info/RECORD`, algorithm: null, digest: null, size: null }
  return formatRecord([...rows, own].sort((one, other) => (one.path < other.path ? -1 : 1)))
}

/** The files of the environment that is being made. */
class Written {
  private readonly folder: string
  private readonly time: number
  private readonly owners = new Map<string, string>()
  private readonly folders = new Set<string>()

  constructor(folder: string, time: number) {
    this.folder = folder
    this.time = time
  }

  async skeleton(minor: string): Promise<void> {
    for (const folder of ['bin', 'include', sitePackages(minor)]) await this.makeFolder(folder)
    for (const [name, target] of Object.entries(interpreterLinks(minor))) {
      const link = path.join(this.folder, 'bin', name)
      await symlink(target, link)
      await lutimes(link, this.time, this.time)
    }
    await this.file('pyvenv.cfg', Buffer.from(environmentSettings(minor)), false, 'pyvenv.cfg')
  }

  /** Two packages may bring the same bytes to one place (namespace packages do), never different ones. */
  async file(name: string, bytes: Buffer, executable: boolean, owner: string): Promise<void> {
    const target = joinInside(this.folder, name)
    await this.makeFolder(path.posix.dirname(name))
    const other = this.owners.get(name)
    if (other !== undefined && bytes.equals(await readFile(target))) return
    if (other !== undefined || lstatSync(target, { throwIfNoEntry: false }) !== undefined)
      throw new TagproofError('lock-invalid', `Two packages bring different files to one place.`, {
        where: name,
        found: `${other ?? 'the environment'} and ${owner}`,
        fix: 'Drop one of them from the requirements, then lock again.'
      })
    this.owners.set(name, owner)
    writeNewFile(target, bytes, executable ? 0o755 : 0o644, this.time)
  }

  /** Times of folders move with each file in them, so they are set at the end, the deepest first. */
  async settle(): Promise<void> {
    for (const name of [...this.folders].sort().reverse()) {
      const folder = path.join(this.folder, name)
      await chmod(folder, 0o755)
      await utimes(folder, this.time, this.time)
    }
  }

  private async makeFolder(name: string): Promise<void> {
    if (this.folders.has(name)) return
    if (name !== '.') await this.makeFolder(path.posix.dirname(name))
    this.folders.add(name)
    await mkdir(path.join(this.folder, name), { recursive: true })
  }
}

/** Without another thread: packages have hundreds of small files, and to hand one over takes longer than to write it. */
function writeNewFile(file: string, bytes: Buffer, mode: number, time: number): void {
  const descriptor = openSync(file, 'wx', mode)
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done)
    fchmodSync(descriptor, mode)
    futimesSync(descriptor, time, time)
  } finally {
    closeSync(descriptor)
  }
}
