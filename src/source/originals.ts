import type { Plan } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import { openRepository, type Repository } from './repository.ts'
import { requireUnmoved } from './tag.ts'
import { listGraftedTree, noGrafts, type Grafting } from './grafts.ts'

/** The originals of the files that world b saw scrambled, read from git. */
export interface Originals {
  /**
   * The bytes of a file in the tagged tree.
   *
   * @throws TagproofError `path-refused` for a path that was not scrambled, `document-mismatch` if the plan names
   *   another blob for it than the tree does
   */
  read(path: string): Promise<Buffer>
  close(): Promise<void>
}

/**
 * Opens the repository for putting originals back. The tag is resolved again: it must still name what was
 * planned. The plan says which files were scrambled; what they hold, the tree says.
 *
 * @throws TagproofError `tag-moved`
 */
export async function openOriginals(
  folder: string,
  plan: Plan,
  graft: Grafting = noGrafts
): Promise<Originals> {
  const repository = await openRepository(folder)
  try {
    await requireUnmoved(repository, plan.tag)
    const planned = new Map(plan.scramble.files.map((file) => [file.path, file.blob]))
    const entries = await listGraftedTree(repository, plan.tag.tree, await graft(repository))
    const tree = new Map(entries.map((entry) => [entry.path, entry.id]))
    return {
      async read(path) {
        const blob = planned.get(path)
        if (blob === undefined)
          throw new TagproofError('path-refused', `The file ${JSON.stringify(path)} was not scrambled.`)
        requireSameBlob(path, blob, tree.get(path))
        return (await repository.readObject(blob, 'blob')).data
      },
      close: () => repository.close()
    }
  } catch (error) {
    await closeQuietly(repository)
    throw error
  }
}

function requireSameBlob(path: string, planned: string, found: string | undefined): void {
  if (planned === found) return
  throw new TagproofError('document-mismatch', `The plan names another blob for ${JSON.stringify(path)}.`, {
    where: 'plan.json: .scramble.files',
    found: planned,
    expected: found ?? 'no such file in the tagged tree',
    fix: 'The plan was altered, or belongs to another tree; run tagproof plan again, and build again.'
  })
}

/** The first error is the one to tell. */
async function closeQuietly(repository: Repository): Promise<void> {
  await repository.close().catch(() => undefined)
}
