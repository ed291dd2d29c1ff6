import { createReadStream } from 'node:fs'
import { readTar } from '../formats/tar/reader.ts'
import { exportPrefix } from './export-entries.ts'
import { TarFile } from './tar-file.ts'

/**
 * Copies an export without folders at its top: those of git inputs that a target does not see. The order of the rest
 * stays.
 */
export async function writeExportWithout(
  exported: string,
  folders: readonly string[],
  file: string
): Promise<void> {
  const hidden = folders.map((folder) => `${exportPrefix}/${folder}`)
  const tar = await TarFile.create(file)
  try {
    const entries = readTar(createReadStream(exported, { highWaterMark: 1 << 20 }), { twins: 'accept' })
    for await (const { path, kind, mode, size, mtime, linkTarget, content } of entries) {
      if (hidden.some((folder) => path === folder || path.startsWith(`${folder}/`))) continue
      const header = { path, mode, size, mtime }
      if (kind === 'file') await tar.add({ ...header, kind }, content)
      else if (kind === 'symlink') await tar.add({ ...header, kind, linkTarget: linkTarget ?? '' })
      else if (kind === 'directory') await tar.add({ ...header, kind })
    }
    await tar.end()
  } finally {
    await tar.close()
  }
}
