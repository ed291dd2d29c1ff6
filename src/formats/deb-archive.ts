import { createHash, type Hash } from 'node:crypto'
import path from 'node:path'
import type { Archive } from './archive.ts'
import { checkDebName, parseControl, type DebControl } from './control.ts'
import { controlProblem, heldControl } from './deb-control-members.ts'
import { parseConffiles, parseMd5sums, type Conffiles } from './deb-lists.ts'
import { readDeb, type DebContainer, type DebEntry } from './deb.ts'
import { invalidArchive } from './invalid.ts'
import type { Member } from './member.ts'
import type { Observe } from './observer.ts'
import type { TarEntry } from './tar/reader.ts'
import { tarMember } from './tar-member.ts'

/** What control.tar says of data.tar. */
interface Stated {
  control: DebControl
  md5sums: ReadonlyMap<string, string> | undefined
  conffiles: Conffiles
}

/**
 * Reads a deb for {@link readArchive}: `DEBIAN/NAME` for each member of control.tar (`DEBIAN` itself is its root
 * folder, `.` that of data.tar), then data.tar. Beyond what the readers of the containers refuse: control files that
 * dpkg does not know, a control file that does not say who the package is or says otherwise than the file's name,
 * conffiles that are no files, and an md5sums, where there is one, that does not list every file with its digest
 * (conffiles may be left out, as dh_md5sums does, and files below
 * `var/`, which change on a running system: `dh_md5sums -X`).
 *
 * @throws TagproofError `archive-invalid`; `tool-missing` where this Node has no zstd
 */
export async function readDebArchive(file: string, observe: Observe): Promise<Archive> {
  const container: DebContainer = {}
  const members = new Map<string, Member>()
  const held = new Map<string, Buffer>()
  const digests = new Map<string, string>()
  let stated: Stated | undefined
  for await (const { part, entry } of readDeb(file, container)) {
    if (part === 'data' && stated === undefined) stated = readControl(held)
    const shown = part === 'control' ? controlEntry(entry) : dataEntry(entry)
    const listed = part === 'data' && entry.kind === 'file' && stated?.md5sums !== undefined
    const md5 = listed ? createHash('md5') : undefined
    const kept = part === 'control' && heldControl.has(entry.path) ? [] : undefined
    const hash = await readContent(shown, observe, md5, kept)
    if (kept !== undefined) held.set(entry.path, Buffer.concat(kept))
    const digest = md5?.digest('hex') ?? digests.get(entry.linkTarget ?? '')
    if (digest !== undefined && entry.kind !== 'symlink') digests.set(shown.path, digest)
    const target = members.get(entry.linkTarget ?? '')
    members.set(shown.path, tarMember(shown, hash, entry.kind === 'hardlink' ? target : undefined))
  }
  stated ??= readControl(held)
  checkData(stated, members, digests)
  checkDebName(path.basename(file), stated.control)
  const { name, version } = stated.control
  return { members: [...members.values()], container, metadata: { name, version } }
}

async function readContent(
  entry: TarEntry,
  observe: Observe,
  md5: Hash | undefined,
  kept: Buffer[] | undefined
): Promise<Hash> {
  const hash = createHash('sha256')
  const observer = observe(entry)
  for await (const piece of entry.content) {
    hash.update(piece)
    md5?.update(piece)
    observer?.update(piece)
    kept?.push(Buffer.from(piece))
  }
  observer?.end()
  return hash
}

function fail(problem: string, entry?: Pick<DebEntry['entry'], 'index' | 'offset' | 'path'>): Error {
  if (entry === undefined) return invalidArchive({ format: 'deb' }, problem)
  return invalidArchive(
    { format: 'deb', entry: entry.index, offset: entry.offset, path: entry.path },
    problem
  )
}

function controlEntry(entry: TarEntry): TarEntry {
  const problem = controlProblem(entry)
  if (problem !== undefined) throw fail(problem, entry)
  return { ...entry, path: entry.path === '.' ? 'DEBIAN' : `DEBIAN/${entry.path}` }
}

function dataEntry(entry: TarEntry): TarEntry {
  if (entry.path === 'DEBIAN' || entry.path.startsWith('DEBIAN/'))
    throw fail('data.tar holds the folder DEBIAN, which is that of the control files', entry)
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (entry.kind === 'symlink' && /[\u0000-\u001f\u007f]/.test(entry.linkTarget ?? ''))
    throw fail('the target of the link holds a control character', entry)
  return entry
}

function readControl(held: ReadonlyMap<string, Buffer>): Stated {
  const control = held.get('control')
  if (control === undefined) throw fail('control.tar holds no file control')
  const md5sums = held.get('md5sums')
  return {
    control: parseControl(control),
    md5sums: md5sums === undefined ? undefined : parseMd5sums(md5sums),
    conffiles: parseConffiles(held.get('conffiles') ?? Buffer.alloc(0))
  }
}

function checkData(
  { md5sums, conffiles }: Stated,
  members: ReadonlyMap<string, Member>,
  digests: ReadonlyMap<string, string>
): void {
  for (const name of conffiles.kept) {
    const kind = members.get(name)?.kind
    if (kind !== 'file' && kind !== 'hardlink')
      throw fail(`the conffile /${name} is not in data.tar, or no file`)
  }
  for (const name of conffiles.removed)
    if (members.has(name))
      throw fail(`the conffile /${name} is to be removed on upgrades, but is in data.tar`)
  if (md5sums === undefined) return
  for (const [name, expected] of md5sums) {
    const found = digests.get(name)
    if (found === undefined) throw fail(`md5sums lists ${JSON.stringify(name)}, which is no file of data.tar`)
    if (found !== expected)
      throw invalidArchive({ format: 'deb', path: name }, 'the content is not that which md5sums lists', {
        found,
        expected
      })
  }
  for (const { path: name, kind } of members.values()) {
    const counts = (kind === 'file' || kind === 'hardlink') && !/^(DEBIAN|var)\//.test(name)
    if (counts && !md5sums.has(name) && !conffiles.kept.has(name))
      throw fail(`md5sums does not list ${JSON.stringify(name)}`)
  }
}
