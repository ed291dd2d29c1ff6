import { createHash, type Hash } from 'node:crypto'
import { objectId, type Epoch, type ObjectId } from '../documents/identifiers.ts'
import { TagproofError } from '../platform/errors.ts'
import type { ObjectFormat } from './private-git.ts'

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag'

export interface GitObject {
  type: ObjectType
  data: Buffer
}

/** What we take from a commit; the rest of it has no say. */
export interface Commit {
  tree: ObjectId
  parents: ObjectId[]
  /** The committer's time, seconds since 1970; negative before. */
  committed: Epoch
}

/** What we take from a tag object. */
export interface TagObject {
  object: ObjectId
  type: ObjectType
  /** The name that the tagger gave it. */
  name: string
}

/** One line of a tree object. */
export interface TreeLine {
  kind: 'file' | 'executable' | 'link' | 'folder' | 'submodule'
  name: Buffer
  id: ObjectId
}

/** A hash that has already taken the object's header: update it with the content, and the digest is its name. */
export function objectHash(format: ObjectFormat, type: ObjectType, size: number): Hash {
  return createHash(format).update(`${type} ${size}\0`)
}

/**
 * Git does not check an object of a pack against its name when it reads it, so we do: a changed byte in a pack,
 * or an index that points elsewhere, must not become a release.
 *
 * @throws TagproofError `object-corrupt`
 */
export function checkObjectName(id: ObjectId, type: ObjectType, hash: Hash): void {
  const actual = hash.digest('hex')
  if (actual !== id)
    throw new TagproofError('object-corrupt', `The content of ${type} ${id} is not what its name says.`, {
      found: actual,
      expected: id,
      fix: 'The repository is damaged or was altered. Run git fsck, then clone the project again.'
    })
}

/** Reads the headers of a commit (gitformat: `tree`, `parent`s, `author`, `committer`, in this order). */
export function parseCommit(id: ObjectId, data: Buffer): Commit {
  const lines = headerLines(data)
  const tree = idAfter('tree ', lines[0])
  const parents: ObjectId[] = []
  let at = 1
  for (
    let parent = idAfter('parent ', lines[at]);
    parent !== undefined;
    parent = idAfter('parent ', lines[at])
  ) {
    parents.push(parent)
    at += 1
  }
  const committer = /^committer .*<[^<>]*> (-?\d{1,15}) [+-]\d{4}$/.exec(lines[at + 1] ?? '')
  if (tree === undefined || lines[at]?.startsWith('author ') !== true || committer === null)
    throw malformed('commit', id)
  return { tree, parents, committed: Number(committer[1]) }
}

/** Reads the headers of a tag object (`object`, `type`, `tag`, in this order). */
export function parseTag(id: ObjectId, data: Buffer): TagObject {
  const lines = headerLines(data)
  const object = idAfter('object ', lines[0])
  const type = /^type (commit|tree|blob|tag)$/.exec(lines[1] ?? '')?.[1] as ObjectType | undefined
  const name = /^tag (.+)$/.exec(lines[2] ?? '')?.[1]
  if (object === undefined || type === undefined || name === undefined) throw malformed('tag', id)
  return { object, type, name: Buffer.from(name, 'latin1').toString('utf8') }
}

/** Reads the lines of a tree object: `mode SP name NUL id`, the mode in octal digits. */
export function parseTree(id: ObjectId, data: Buffer): TreeLine[] {
  const idBytes = id.length / 2
  const lines: TreeLine[] = []
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at)
    const end = data.indexOf(0, space)
    const next = end + 1 + idBytes
    if (space < 0 || end < 0 || next > data.length) throw malformed('tree', id)
    const kind = treeLineKind(data.toString('latin1', at, space))
    if (kind === undefined) throw malformed('tree', id)
    lines.push({
      kind,
      name: data.subarray(space + 1, end),
      id: objectId(data.toString('hex', end + 1, next))
    })
    at = next
  }
  return lines
}

/** Old trees hold 100664 and zero-padded modes; git itself knows only these five kinds. */
function treeLineKind(mode: string): TreeLine['kind'] | undefined {
  if (!/^[0-7]{5,7}$/.test(mode)) return undefined
  const bits = Number.parseInt(mode, 8)
  switch (bits & 0o170000) {
    case 0o100000:
      return (bits & 0o100) === 0 ? 'file' : 'executable'
    case 0o120000:
      return 'link'
    case 0o040000:
      return 'folder'
    case 0o160000:
      return 'submodule'
    default:
      return undefined
  }
}

function headerLines(data: Buffer): string[] {
  const end = data.indexOf('\n\n')
  return data
    .toString('latin1', 0, end < 0 ? data.length : end)
    .replace(/\n$/, '')
    .split('\n')
}

function idAfter(key: string, line: string | undefined): ObjectId | undefined {
  const text = line?.startsWith(key) === true ? line.slice(key.length) : ''
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? objectId(text) : undefined
}

function malformed(type: ObjectType, id: ObjectId): TagproofError {
  return new TagproofError('object-corrupt', `The ${type} ${id} is malformed.`, {
    fix: 'Run git fsck on the repository. Make the release from a commit that git itself made.'
  })
}
