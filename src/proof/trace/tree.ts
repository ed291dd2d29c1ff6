import { createHash } from 'node:crypto'
import { objectId, type ObjectId, type Sha256 } from '../../documents/identifiers.ts'
import type { TracedTree } from './generator.ts'

/** A file or link of the tree. */
export interface TreeFile {
  path: string
  mode: '100644' | '100755' | '120000'
  id: ObjectId
  size: number
}

/** The tagged tree, found by path, by object name and by size. */
export interface TreeIndex extends TracedTree {
  /** How objects are named: git's own hash over `blob SIZE\0` and the content. */
  readonly objectFormat: 'sha1' | 'sha256'
  file(path: string): TreeFile | undefined
  /** Paths of the files that hold this object. */
  pathsOf(id: ObjectId): readonly string[]
  /** Whether any file of the tree has this size: what has none of these sizes is no file of the tree. */
  hasSize(size: number): boolean
  /** The path that a path leads to through links of the tree; undefined if it leads to no file. */
  resolve(path: string): string | undefined
  /** SHA-256 of the content of objects: git's own name for them may rest on SHA-1. */
  sha256(ids: Iterable<ObjectId>): Promise<ReadonlyMap<ObjectId, Sha256>>
}

/** What an index of a tree reads from: the objects of a repository. */
export interface TreeContent {
  objectFormat: 'sha1' | 'sha256'
  read(id: ObjectId): Promise<Buffer>
  sha256(ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, Sha256>>
}

/** More than this is not read whole, for no generator starts from such a file. */
const largestRead = 16 * 1024 * 1024
const mostLinks = 40

/** @param files sorted by path (bytes) */
export async function treeIndex(files: readonly TreeFile[], content: TreeContent): Promise<TreeIndex> {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const byId = new Map<ObjectId, string[]>()
  for (const { id, path } of files) byId.set(id, [...(byId.get(id) ?? []), path])
  const sizes = new Set(files.map((file) => file.size))
  const hashes = new Map<ObjectId, Sha256>()
  const links = new Map<string, string>()
  for (const { path, mode, id } of files)
    if (mode === '120000') links.set(path, (await content.read(id)).toString('utf8'))

  const sha256 = async (ids: Iterable<ObjectId>): Promise<ReadonlyMap<ObjectId, Sha256>> => {
    const unknown = [...new Set(ids)].filter((id) => !hashes.has(id))
    if (unknown.length > 0) for (const [id, digest] of await content.sha256(unknown)) hashes.set(id, digest)
    return hashes
  }

  return {
    objectFormat: content.objectFormat,
    paths: files.map((file) => file.path),
    has: (path) => byPath.has(path),
    file: (path) => byPath.get(path),
    pathsOf: (id) => byId.get(id) ?? [],
    hasSize: (size) => sizes.has(size),
    resolve: (path) => resolveLinks(path, links, (candidate) => byPath.has(candidate)),
    async read(path) {
      const file = byPath.get(path)
      return file === undefined || file.size > largestRead ? undefined : await content.read(file.id)
    },
    sha256,
    async holding(bytes) {
      if (!sizes.has(bytes.length)) return []
      const hash = createHash(content.objectFormat).update(`blob ${bytes.length}\0`).update(bytes)
      const id = objectId(hash.digest('hex'))
      const paths = byId.get(id) ?? []
      if (paths.length === 0) return []
      const right = (await sha256([id])).get(id) === createHash('sha256').update(bytes).digest('hex')
      return right ? paths : []
    }
  }
}

/** Follows links as an operating system would, inside the tree alone. */
function resolveLinks(
  path: string,
  links: ReadonlyMap<string, string>,
  isFile: (path: string) => boolean
): string | undefined {
  if (links.size === 0) return isFile(path) ? path : undefined
  const waiting = path.split('/').reverse()
  const done: string[] = []
  for (let followed = 0; ;) {
    const part = waiting.pop()
    if (part === undefined) break
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (done.pop() === undefined) return undefined
      continue
    }
    const target = links.get([...done, part].join('/'))
    if (target === undefined) {
      done.push(part)
      continue
    }
    followed += 1
    if (followed > mostLinks || target.startsWith('/')) return undefined
    waiting.push(...target.split('/').reverse())
  }
  const found = done.join('/')
  return isFile(found) ? found : undefined
}
