import type { Plan } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import { openRepository } from './repository.ts'
import { requireUnmoved } from './tag.ts'

/** The originals of the files that world b saw scrambled, read from git. */
export interface Originals {
  /** @throws TagproofError `path-refused` for a path that was not scrambled */
  read(path: string): Promise<Buffer>
  close(): Promise<void>
}

/**
 * Opens the repository for putting originals back. The tag is resolved again: it must still name what was
 * planned.
 *
 * @throws TagproofError `tag-moved`
 */
export async function openOriginals(folder: string, plan: Plan): Promise<Originals> {
  const repository = await openRepository(folder)
  try {
    await requireUnmoved(repository, plan.tag)
  } catch (error) {
    await repository.close()
    throw error
  }
  const blobs = new Map(plan.scramble.files.map((file) => [file.path, file.blob]))
  return {
    async read(path) {
      const blob = blobs.get(path)
      if (blob === undefined)
        throw new TagproofError('path-refused', `The file ${JSON.stringify(path)} was not scrambled.`)
      return (await repository.readObject(blob, 'blob')).data
    },
    close: () => repository.close()
  }
}
