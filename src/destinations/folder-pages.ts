import { mkdir, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { hashFile, writeFileAtomic } from '../platform/files.ts'
import { indexFile, projectPages, rootPages, type IndexedFile } from './simple-index.ts'

/** The pages of an index that is only a folder. */
export interface FolderPages {
  /** SHA-256 under which both pages of a project list a file, or null. */
  listed(project: string, file: string): Promise<string | null>
  /** Writes the pages of a project from the files that lie there, and the page that lists the projects. */
  write(project: string): Promise<void>
}

const pageField = z.looseObject({
  files: z.array(z.looseObject({ filename: z.string(), hashes: z.looseObject({ sha256: z.string() }) }))
})

export function folderPages(folder: string): FolderPages {
  /** Files do not change while a release is written, and hashing large ones again for each page takes long. */
  const hashed = new Map<string, IndexedFile>()

  async function fileOf(project: string, name: string): Promise<IndexedFile> {
    const file = path.join(folder, project, name)
    const known = hashed.get(file) ?? { name, ...(await hashFile(file)) }
    hashed.set(file, known)
    return known
  }

  return {
    async listed(project, file) {
      const read = (page: string): Promise<string> =>
        readFile(path.join(folder, project, page), 'utf8').catch(() => '')
      const files = parsePage(await read('index.json'))
      const sha256 = files.find(({ filename }) => filename === file)?.hashes.sha256
      if (sha256 === undefined) return null
      const html = await read('index.html')
      return html.includes(`href="${encodeURIComponent(file)}#sha256=${sha256}"`) ? sha256 : null
    },

    async write(project) {
      await mkdir(path.join(folder, project), { recursive: true })
      const files: IndexedFile[] = []
      for (const name of (await readdir(path.join(folder, project))).sort())
        if (indexFile(name) !== null) files.push(await fileOf(project, name))
      const pages = projectPages(project, files)
      await writeFileAtomic(path.join(folder, project, 'index.json'), pages.json)
      await writeFileAtomic(path.join(folder, project, 'index.html'), pages.html)
      const entries = await readdir(folder, { withFileTypes: true })
      const root = rootPages(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name))
      await writeFileAtomic(path.join(folder, 'index.json'), root.json)
      await writeFileAtomic(path.join(folder, 'index.html'), root.html)
    }
  }
}

/** A page that cannot be read lists nothing: it is written anew. */
function parsePage(text: string): z.output<typeof pageField>['files'] {
  try {
    return pageField.parse(JSON.parse(text)).files
  } catch {
    return []
  }
}
