import { createHash } from 'node:crypto'
import type { ObjectId, Sha256 } from '../documents/identifiers.ts'
import { objectHash } from './objects.ts'
import type { ObjectFormat } from './private-git.ts'
import type { IndexLine } from './tree.ts'

/** Trees that list the same names as the commit's own, with object names that tell nothing of content. */
export interface SyntheticTree {
  root: ObjectId
  /** Every tree object, the root among them. */
  trees: { id: ObjectId; data: Buffer }[]
  /** The index lines with the same object names, in the same order. */
  index: IndexLine[]
}

interface Folder {
  lines: { name: string; mode: string; id: ObjectId }[]
  folders: Map<string, Folder>
}

/**
 * The object name of a file is a hash of its content: a build that is given it finds a file of two or three bytes by
 * trying, and of two files it sees whether they are equal. So what a build sees in trees and index are names made
 * from seed and path alone, of files and submodules alike.
 */
export function syntheticTree(
  lines: readonly IndexLine[],
  seed: Sha256,
  format: ObjectFormat
): SyntheticTree {
  const index = lines.map((line) => ({ ...line, id: syntheticId(line.path, seed, format) }))
  const top: Folder = { lines: [], folders: new Map() }
  for (const { path, mode, id } of index) {
    const parts = path.split('/')
    const name = parts.pop() ?? ''
    parts.reduce(enter, top).lines.push({ name, mode, id })
  }
  const trees = new Map<ObjectId, Buffer>()
  const root = treeOf(top, format, trees)
  return { root, trees: [...trees].map(([id, data]) => ({ id, data })), index }
}

/** A name in the form of an object's, of nothing that exists. */
export function syntheticId(path: string, seed: Sha256, format: ObjectFormat): ObjectId {
  return createHash(format).update(`tagproof name 1\n${seed}\n${path}`).digest('hex') as ObjectId
}

function enter(folder: Folder, name: string): Folder {
  const known = folder.folders.get(name)
  if (known !== undefined) return known
  const made: Folder = { lines: [], folders: new Map() }
  folder.folders.set(name, made)
  return made
}

/** Folders sort as if a slash ended their names (git's base_name_compare). */
function treeOf(folder: Folder, format: ObjectFormat, trees: Map<ObjectId, Buffer>): ObjectId {
  const lines = folder.lines.map((line) => ({ ...line, key: Buffer.from(line.name) }))
  for (const [name, inner] of folder.folders)
    lines.push({ name, mode: '40000', id: treeOf(inner, format, trees), key: Buffer.from(`${name}/`) })
  const data = Buffer.concat(
    lines
      .sort((one, other) => Buffer.compare(one.key, other.key))
      .map(({ name, mode, id }) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]))
  )
  const id = objectHash(format, 'tree', data.length).update(data).digest('hex') as ObjectId
  trees.set(id, data)
  return id
}
