import { createHash } from 'node:crypto'
import { sha256 as asSha256, type ObjectId, type Sha256 } from '../documents/identifiers.ts'
import { treeIndex, type TreeIndex } from '../proof/trace/tree.ts'
import type { Repository } from './repository.ts'
import { listGraftedTree, type Graft } from './grafts.ts'

/**
 * The tagged tree as members are traced against it. Every object is checked against its name when it is read.
 *
 * @throws TagproofError those of `listTree`
 */
export async function openTracedTree(
  repository: Repository,
  tree: ObjectId,
  grafts: readonly Graft[] = []
): Promise<TreeIndex> {
  const inTurn = turns.get(repository) ?? oneAtATime()
  turns.set(repository, inTurn)
  return treeIndex(await inTurn(() => listGraftedTree(repository, tree, grafts)), {
    objectFormat: repository.objectFormat,
    read: (id) => inTurn(async () => (await repository.readObject(id, 'blob')).data),
    sha256: (ids) => inTurn(() => hashBlobs(repository, ids))
  })
}

/** All indexes of one repository share its one conversation with git. */
const turns = new WeakMap<Repository, ReturnType<typeof oneAtATime>>()

/** Artifacts are traced side by side, and git answers one question after the other. */
function oneAtATime(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const next = last.then(task, task)
    last = next
    return next
  }
}

async function hashBlobs(
  repository: Repository,
  ids: readonly ObjectId[]
): Promise<ReadonlyMap<ObjectId, Sha256>> {
  const hashes = new Map<ObjectId, Sha256>()
  for await (const { id, content } of repository.blobs(ids)) {
    const hash = createHash('sha256')
    for await (const chunk of content) hash.update(chunk)
    hashes.set(id, asSha256(hash.digest('hex')))
  }
  return hashes
}
