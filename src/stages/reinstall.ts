import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { RootLock } from '../documents/lock.ts'
import type { TarEntry } from '../formats/tar/reader.ts'
import { writeFileAtomic } from '../platform/files.ts'
import type { Log } from '../platform/log.ts'
import type { Sha256 } from '../documents/identifiers.ts'
import { fieldOf, parseParagraphs } from '../proof/trace/deb/paragraphs.ts'
import type { DependencyPackage, InstalledFile, InstalledRoot } from '../proof/trace/evidence.ts'
import { readRoot } from '../worlds/root-content.ts'
import type { PreparedRoot } from '../worlds/root.ts'

export interface ReinstallRequest {
  /** Name of the root in the lock. */
  name: string
  root: Pick<PreparedRoot, 'path' | 'hash'>
  rootLock: Pick<RootLock, 'packages'>
  /** Folder that keeps the list from run to run, under the hash of the root. */
  cache: string
  log: Log
  signal?: AbortSignal
}

/** What the clean root of a lock holds, and the packages that it is made of. */
export interface Reinstalled {
  root: InstalledRoot
  packages: DependencyPackage[]
}

/** Changes with the form of the kept list. */
const form = '2'
/** Texts that generators start from: snippets of maintainer scripts, templates of venv, accounts, lists of the packages. */
const keptTexts =
  /^usr\/share\/(debhelper|dh-python)\/autoscripts\/[a-z0-9-]+$|^usr\/lib\/python3[.0-9]*\/venv\/scripts\/(common|posix)\/[A-Za-z0-9.]+$|^etc\/(passwd|group|shadow|gshadow|subuid|subgid)$|^var\/lib\/dpkg\/(status|info\/[^/]+\.(md5sums|conffiles|list))$/
const largestText = 16 * 2 ** 20

interface Kept {
  form: string
  /** Path, kind, mode, owner, size, SHA-256. */
  files: [string, InstalledFile['kind'], number, string, number, string | null][]
  texts: [string, string][]
}

/**
 * Reads what installing the locked packages in a clean root gives: each path with kind, mode, owner and SHA-256, in one
 * pass that holds a single piece of content. The list is kept under the hash of the root, which says all that is in it.
 *
 * @throws TagproofError `sandbox-unavailable` where the root cannot be read; `privilege-missing`, `cancelled`
 */
export async function reinstalled(request: ReinstallRequest): Promise<Reinstalled> {
  const file = keptList(request.cache, request.root.hash)
  let kept = await readKept(file)
  if (kept === undefined) {
    const progress = request.log.begin(`hash the root ${request.name}`)
    try {
      kept = await listRoot(request)
      progress.done(`${kept.files.length} files`)
    } catch (error) {
      progress.failed()
      throw error
    }
    await mkdir(path.dirname(file), { recursive: true })
    await writeFileAtomic(file, gzipSync(JSON.stringify(kept), { level: 1 }))
  }
  const texts = new Map(kept.texts)
  const packages = new Map(request.rootLock.packages.map(({ name, version }) => [name, version]))
  const files = new Map(
    kept.files.map(([name, kind, mode, owner, size, hash]): [string, InstalledFile] => [
      name,
      { kind, mode, owner, size, sha256: hash === null ? null : (hash as Sha256) }
    ])
  )
  const root = { name: request.name, hash: request.root.hash, files, texts, packages }
  return { root, packages: packagesIn(texts, request.rootLock) }
}

/** Where the list of a root is kept. */
export function keptList(cache: string, hash: Sha256): string {
  return path.join(path.resolve(cache, 'reinstalled'), `${hash}-${form}.json.gz`)
}

async function readKept(file: string): Promise<Kept | undefined> {
  const bytes = await readFile(file).catch(() => undefined)
  if (bytes === undefined) return undefined
  try {
    const kept = JSON.parse(gunzipSync(bytes).toString('utf8')) as Kept
    return kept.form === form ? kept : undefined
  } catch {
    // A list that was cut short is made again.
    return undefined
  }
}

async function listRoot({ root, signal }: ReinstallRequest): Promise<Kept> {
  const kept: Kept = { form, files: [], texts: [] }
  await readRoot(root.path, signal, (entries) => list(entries, kept))
  return kept
}

async function list(entries: AsyncIterable<TarEntry>, kept: Kept): Promise<void> {
  const hashes = new Map<string, { hash: string; size: number }>()
  for await (const entry of entries) {
    const { path: name, kind, mode, uid, gid, size, linkTarget, content } = entry
    const owner = `${uid}:${gid}`
    if (kind === 'directory') kept.files.push([name, kind, mode, owner, 0, null])
    else if (kind === 'symlink')
      kept.files.push([
        name,
        kind,
        mode,
        owner,
        0,
        createHash('sha256')
          .update(linkTarget ?? '')
          .digest('hex')
      ])
    else if (kind === 'hardlink') {
      const target = hashes.get(linkTarget ?? '')
      if (target !== undefined) kept.files.push([name, 'file', mode, owner, target.size, target.hash])
    } else {
      const hash = createHash('sha256')
      const text = keptTexts.test(name) && size <= largestText
      const pieces: Buffer[] = []
      for await (const piece of content) {
        hash.update(piece)
        if (text) pieces.push(Buffer.from(piece))
      }
      const digest = hash.digest('hex')
      hashes.set(name, { hash: digest, size })
      kept.files.push([name, 'file', mode, owner, size, digest])
      if (text) kept.texts.push([name, Buffer.concat(pieces).toString('utf8')])
    }
  }
}

/**
 * What the locked packages say of their files, from the database that dpkg made of their own control parts: the packages
 * are locked by SHA-256, and so are the MD5 sums in them.
 */
function packagesIn(
  texts: ReadonlyMap<string, string>,
  lock: Pick<RootLock, 'packages'>
): DependencyPackage[] {
  const status = parseParagraphs(Buffer.from(texts.get('var/lib/dpkg/status') ?? '')) ?? []
  const controls = new Map(status.map((paragraph) => [fieldOf(paragraph, 'Package'), paragraph]))
  return lock.packages.map(({ name, version, architecture }) => {
    const text = (part: string): string =>
      texts.get(`var/lib/dpkg/info/${name}.${part}`) ??
      texts.get(`var/lib/dpkg/info/${name}:${architecture}.${part}`) ??
      ''
    const fields = [...(controls.get(name) ?? [])].filter(([key]) => key !== 'status' && key !== 'conffiles')
    const control = fields
      .map(([, field]) => `${field.name}: ${field.value.replaceAll('\n', '\n ')}\n`)
      .join('')
    const sums = text('md5sums')
      .split('\n')
      .flatMap((line): [string, string][] => {
        const [, md5, file] = /^([0-9a-f]{32}) [ *](.+)$/.exec(line) ?? []
        return md5 === undefined || file === undefined ? [] : [[file, md5]]
      })
    return {
      name,
      version,
      architecture,
      control: new Map([
        ['control', Buffer.from(control)],
        ['conffiles', Buffer.from(text('conffiles'))]
      ]),
      md5sums: new Map(sums)
    }
  })
}
