import { createReadStream } from 'node:fs'
import { objectId, type ObjectId } from '../../documents/identifiers.ts'
import type { GitLock } from '../../documents/git-inputs.ts'
import { invalidArchive } from '../../formats/invalid.ts'
import { readTar } from '../../formats/tar/reader.ts'
import { TagproofError } from '../../platform/errors.ts'
import { whole } from '../../platform/pieces.ts'
import type { NamedObject } from '../../source/added-objects.ts'
import { enterFolder } from '../../source/grafts.ts'
import { parseCommit } from '../../source/objects.ts'
import type { Repository } from '../../source/repository.ts'
import { TarFile } from '../../source/tar-file.ts'
import { readTree } from '../../source/tree.ts'

/**
 * A git input as one file: a tar with `commit/ID`, `tree/ID` for each tree, and `blob/ID` for each file, every group
 * sorted, every time 0. The same commit and path give the same bytes on every machine, whatever git packs them as; so
 * the lock can name it by SHA-256, and own stores can keep it.
 */

/** What is known of an archive once it was written. */
export type WrittenArchive = Pick<GitLock, 'tree' | 'files' | 'size' | 'sha256'>

/**
 * Writes the archive of a folder at a commit. Names, links and submodules are checked as those of a tagged tree.
 *
 * @param path folder of the tree, `.` for all of it
 * @throws TagproofError `input-missing`, `path-refused`, `submodule-refused`, `lfs-pointer`, `object-missing`
 */
export async function writeObjectArchive(
  repository: Repository,
  commit: ObjectId,
  path: string,
  file: string
): Promise<WrittenArchive> {
  const { data } = await repository.readObject(commit, 'commit')
  const { tree } = parseCommit(commit, data)
  const { tree: folder, passed } = await enterFolder(repository, tree, path)
  const read = await readTree(repository, folder, { submodules: 'refuse' })
  const trees = [...new Set([...passed, ...read.trees.map(({ id }) => id)])].sort()
  const blobs = [...new Set(read.entries.map(({ id }) => id))].sort()
  const tar = await TarFile.create(file)
  try {
    await tar.add(header('commit', commit, data.length), [data])
    for (const id of trees) {
      const object = await repository.readObject(id, 'tree')
      await tar.add(header('tree', id, object.data.length), [object.data])
    }
    for await (const { id, size, content } of repository.blobs(blobs))
      await tar.add(header('blob', id, size), content)
    return { tree, files: read.entries.length, ...(await tar.end()) }
  } finally {
    await tar.close()
  }
}

function header(type: string, id: ObjectId, size: number): Parameters<TarFile['add']>[0] {
  return { path: `${type}/${id}`, kind: 'file', mode: 0o644, size, mtime: 0 }
}

const largestObject = 512 * 1024 * 1024
const objectPath = /^(commit|tree|blob)\/([0-9a-f]{40}|[0-9a-f]{64})$/

/**
 * The objects of an archive. Whoever takes them checks each against its name; here it is checked that the commit is the
 * locked one, and its tree too.
 *
 * @throws TagproofError `archive-invalid`, `hash-mismatch`
 */
export async function* readObjectArchive(
  file: string,
  { commit, tree }: Pick<GitLock, 'commit' | 'tree'>
): AsyncGenerator<NamedObject> {
  let found = false
  for await (const entry of readTar(createReadStream(file, { highWaterMark: 1 << 18 }))) {
    const [, type, id] = objectPath.exec(entry.path) ?? []
    if (type === undefined || id === undefined || entry.kind !== 'file' || entry.size > largestObject)
      throw invalidArchive({ format: 'tar', path: entry.path }, 'a member that is no object of git')
    const data = await whole(entry.content)
    if (type === 'commit') {
      if (id !== commit) throw otherCommit('commit', id, commit)
      const said = parseCommit(commit, data).tree
      if (said !== tree) throw otherCommit('tree', said, tree)
      found = true
    }
    yield { id: objectId(id), type: type as NamedObject['type'], data }
  }
  if (!found) throw otherCommit('commit', 'no commit', commit)
}

/** @param what `commit` or `tree` */
export function otherCommit(what: 'commit' | 'tree', found: string, expected: string): TagproofError {
  return new TagproofError('hash-mismatch', `A git input has another ${what} than the lock names.`, {
    found,
    expected,
    fix: 'Find out who changed the lock, or the file in the store. Where it is right, make the lock again: tagproof lock --upgrade.'
  })
}
