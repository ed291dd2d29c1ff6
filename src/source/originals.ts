import type { Plan } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import { openRepository } from './repository.ts'
import { resolveTag } from './tag.ts'

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
    const now = await resolveTag(repository, plan.tag.name)
    if (now.object !== plan.tag.object || now.commit !== plan.tag.commit)
      throw new TagproofError('tag-moved', `The tag ${plan.tag.name} has moved since the plan was made.`, {
        found: `${now.object} (commit ${now.commit})`,
        expected: `${plan.tag.object} (commit ${plan.tag.commit})`,
        fix: 'Find out who moved it. A release tag must not move: make a new version.'
      })
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
