import { constants, copyFile, link, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { hashFile, joinInside, makeFolder } from '../files.ts'
import type { ArtifactStore, StoredFile } from './store.ts'

/** A store that is a folder all jobs see: for the terminal, and for runners of one's own without an artifact service. */
export function folderStore(folder: string): ArtifactStore {
  return {
    async put(file) {
      await makeFolder(folder)
      const target = joinInside(folder, path.basename(file))
      const part = `${target}.${process.pid}.part`
      try {
        await copyFile(file, part)
        // A link is there whole or not at all, and never in the place of another.
        await link(part, target)
        return 'stored'
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'taken'
        throw error
      } finally {
        await rm(part, { force: true })
      }
    },
    async list() {
      const names = await readdir(folder).catch((): string[] => [])
      const kept = names.filter((name) => name.startsWith('tagproof-') && !name.endsWith('.part')).sort()
      const files: StoredFile[] = []
      for (const [id, name] of kept.entries())
        files.push({ id, name, ...(await hashFile(joinInside(folder, name))) })
      return files
    },
    async get({ name }, into) {
      const target = joinInside(into, name)
      await copyFile(joinInside(folder, name), target, constants.COPYFILE_EXCL)
      return target
    }
  }
}
