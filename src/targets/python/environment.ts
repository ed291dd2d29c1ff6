import { createHash } from 'node:crypto'
import {
  chmod,
  lstat,
  lutimes,
  mkdir,
  open,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes
} from 'node:fs/promises'
import path from 'node:path'
import type { RecordLine } from '../../formats/record.ts'
import { openZip, type ZipArchive, type ZipEntry } from '../../formats/zip/reader.ts'
import { TagproofError } from '../../platform/errors.ts'
import { joinInside } from '../../platform/files.ts'
import type { PreparedRoot } from '../../worlds/root.ts'
import { entryPointScripts, readWheelHead, rewriteShebang, schemeOf } from './wheel-install.ts'
import { whole } from '../../platform/pieces.ts'

/** Where the environment is seen in both worlds. */
export const environmentPath = '/opt/build-environment'
/** All files carry this time (1980-01-01, the first that zip can say), so that copies of them agree. */
const environmentTime = 315_532_800

/**
 * Installs wheels into a folder that Python takes for a virtual environment: these packages and nothing else,
 * the same bits each time, no bytecode. No code of any package runs; pip is not involved.
 *
 * @param wheels files whose hashes were checked when they were fetched; their names do not matter
 * @param folder is made, whole or not at all
 * @param root the root that it will be mounted in: its interpreter decides where packages lie
 * @throws TagproofError `archive-invalid` for a wheel that is none, or that disagrees with its own RECORD;
 *   `lock-invalid` if two packages bring different files to one place, or if one is no wheel
 * @see https://packaging.python.org/en/latest/specifications/binary-distribution-format/
 */
export async function installEnvironment(
  wheels: readonly string[],
  folder: string,
  root: Pick<PreparedRoot, 'path'>
): Promise<void> {
  const minor = await interpreterOf(root)
  const part = `${folder}.${process.pid}.part`
  await rm(part, { recursive: true, force: true })
  try {
    const written = new Written(part)
    await written.skeleton(minor)
    for (const wheel of wheels) await installWheel(wheel, minor, written)
    await written.settle()
    await rename(part, folder)
  } finally {
    await rm(part, { recursive: true, force: true })
  }
}

/** `3.11` from `/usr/bin/python3 -> python3.11`, which Debian and Ubuntu have. */
export async function interpreterOf(root: Pick<PreparedRoot, 'path'>): Promise<string> {
  const target = await readlink(path.join(root.path, 'usr/bin/python3')).catch(() => '')
  const minor = /python(\d+\.\d+)$/.exec(target)?.[1]
  if (minor !== undefined) return minor
  throw new TagproofError('lock-incomplete', 'The root has no Python interpreter.', {
    expected: '/usr/bin/python3 as a link to python3.N, as the package python3 brings it',
    fix: 'Add python3 to the packages of the root, then lock again.'
  })
}

async function installWheel(file: string, minor: string, into: Written): Promise<void> {
  const archive = await openZip(file)
  try {
    const head = await readWheelHead(path.basename(file), archive)
    for (const entry of archive.entries) {
      if (entry.isDirectory) continue
      const place = schemeOf(entry.path, head, minor)
      const content = await contentOf(archive, entry)
      if (!agrees(content, head.record.get(entry.path)))
        throw new TagproofError('archive-invalid', `${head.name} disagrees with its own RECORD.`, {
          where: entry.path,
          fix: 'The file on the index is broken; lock another version of it.'
        })
      const bytes = place.script ? rewriteShebang(content, environmentPath) : content
      await into.file(place.path, bytes, place.script || (entry.mode & 0o111) !== 0, head.name)
    }
    for (const script of entryPointScripts(head.entryPoints, environmentPath))
      await into.file(`bin/${script.name}`, Buffer.from(script.text), true, head.name)
  } finally {
    await archive.close()
  }
}

/** A package's file may be this large; the largest honest ones are compilers and linkers. */
const largestFile = 512 * 1024 * 1024

async function contentOf(archive: ZipArchive, entry: ZipEntry): Promise<Buffer> {
  if (entry.size > largestFile)
    throw new TagproofError('archive-invalid', `${entry.path} is too large for a build requirement.`)
  return await whole(archive.content(entry))
}

/** Whether content is what RECORD says; RECORD and its signatures have no hash. */
function agrees(content: Buffer, recorded: RecordLine | undefined): boolean {
  if (recorded === undefined || recorded.algorithm === null) return true
  return createHash(recorded.algorithm).update(content).digest('hex') === recorded.digest
}

/** The files of the environment that is being made. */
class Written {
  private readonly folder: string
  private readonly owners = new Map<string, string>()
  private readonly folders = new Set<string>()

  constructor(folder: string) {
    this.folder = folder
  }

  async skeleton(minor: string): Promise<void> {
    for (const folder of ['bin', 'include', `lib/python${minor}/site-packages`]) await this.makeFolder(folder)
    for (const name of ['python', 'python3', `python${minor}`]) {
      const link = path.join(this.folder, 'bin', name)
      await symlink('/usr/bin/python3', link)
      await lutimes(link, environmentTime, environmentTime)
    }
    const settings = ['home = /usr/bin', 'include-system-site-packages = false', `version = ${minor}`]
    await this.file('pyvenv.cfg', Buffer.from(`${settings.join('\n')}\n`), false, 'pyvenv.cfg')
  }

  /** Two packages may bring the same bytes to one place (namespace packages do), never different ones. */
  async file(name: string, bytes: Buffer, executable: boolean, owner: string): Promise<void> {
    const target = joinInside(this.folder, name)
    await this.makeFolder(path.posix.dirname(name))
    const other = this.owners.get(name)
    if (other !== undefined && bytes.equals(await readFile(target))) return
    if (other !== undefined || (await exists(target)))
      throw new TagproofError('lock-invalid', `Two build requirements bring different files to one place.`, {
        where: name,
        found: `${other ?? 'the environment'} and ${owner}`,
        fix: 'Drop one of them from the build requirements, then lock again.'
      })
    this.owners.set(name, owner)
    const handle = await open(target, 'wx', executable ? 0o755 : 0o644)
    try {
      await handle.writeFile(bytes)
      await handle.chmod(executable ? 0o755 : 0o644)
      await handle.utimes(environmentTime, environmentTime)
    } finally {
      await handle.close()
    }
  }

  /** Times of folders move with each file in them, so they are set at the end, the deepest first. */
  async settle(): Promise<void> {
    for (const name of [...this.folders].sort().reverse()) {
      const folder = path.join(this.folder, name)
      await chmod(folder, 0o755)
      await utimes(folder, environmentTime, environmentTime)
    }
  }

  private async makeFolder(name: string): Promise<void> {
    if (this.folders.has(name)) return
    if (name !== '.') await this.makeFolder(path.posix.dirname(name))
    this.folders.add(name)
    await mkdir(path.join(this.folder, name), { recursive: true })
  }
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false
  )
}
