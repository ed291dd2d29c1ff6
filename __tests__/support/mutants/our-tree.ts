import { createHash } from 'node:crypto'
import { readGzip } from '../../../src/formats/gzip.ts'
import { invalidArchive } from '../../../src/formats/invalid.ts'
import { modeProblem } from '../../../src/formats/sdist.ts'
import { readTar } from '../../../src/formats/tar/reader.ts'
import { openZip } from '../../../src/formats/zip/reader.ts'
import { zipSourceOf } from '../../../src/formats/zip/source.ts'
import type { Packing, Tree } from './peers.ts'

/**
 * The tree that our reader sees, in the form of the peers.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function ourTree(packing: Packing, bytes: Buffer): Promise<Tree> {
  const entries = packing === 'z' || packing === 'Z' ? await zipTree(bytes) : await tarTree(packing, bytes)
  const all = new Map(entries.map((entry) => [entry[0], entry]))
  for (const [path] of entries)
    for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
      const parent = path.slice(0, cut)
      if (!all.has(parent)) all.set(parent, [parent, 'directory', ''])
    }
  return [...all.values()].sort(([one], [other]) => compareCodePoints(one, other))
}

/** As Python sorts text. */
function compareCodePoints(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

async function digest(content: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of content) hash.update(piece)
  return hash.digest('hex')
}

async function zipTree(bytes: Buffer): Promise<Tree> {
  const tree: Tree = []
  const archive = await openZip(zipSourceOf(bytes))
  for (const entry of archive.entries) {
    const hash = await digest(archive.content(entry))
    if (entry.isDirectory) tree.push([entry.path, 'directory', ''])
    else tree.push([entry.path, 'file', `${(entry.mode & 0o100) === 0 ? '-' : 'x'} ${hash}`])
  }
  return tree
}

async function tarTree(packing: Packing, bytes: Buffer): Promise<Tree> {
  const tree = new Map<string, Tree[number]>()
  const source = packing === 'g' ? readGzip(once(bytes)) : once(bytes)
  for await (const entry of readTar(source)) {
    const { path, kind, mode, linkTarget } = entry
    // What holds for sdists alone: file systems and layers may have such modes.
    const problem = modeProblem(entry)
    if (problem !== undefined) throw invalidArchive({ format: 'sdist', entry: entry.index }, problem)
    const hash = await digest(entry.content)
    if (kind === 'symlink') tree.set(path, [path, 'symlink', linkTarget ?? ''])
    else if (kind === 'file') tree.set(path, [path, 'file', `${(mode & 0o100) === 0 ? '-' : 'x'} ${hash}`])
    else if (kind === 'hardlink') {
      const target = tree.get(linkTarget ?? '')
      if (target !== undefined) tree.set(path, [path, target[1], target[2]])
    } else if (path !== '.') tree.set(path, [path, 'directory', ''])
  }
  return [...tree.values()]
}

// eslint-disable-next-line @typescript-eslint/require-await -- streams are asynchronous
async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
