import { open } from 'node:fs/promises'
import type { Plan } from '../documents/plan.ts'
import { scrambledAs } from '../worlds/scramble.ts'
import { exportPrefix } from './export-entries.ts'
import { piecesAt, readExportIndex } from './export-index.ts'
import { largestReadable } from './opaque.ts'
import { TarFile } from './tar-file.ts'
import { entryOf } from './variant-sources.ts'
import { whole } from '../platform/pieces.ts'

/**
 * Writes the second tier for a machine that is given no originals: of the files that world b sees scrambled, those that
 * have a valid form, each in that form, under `tree/<form>/<path>`. With it and its own export, world b can be built
 * again in the second tier. The bytes depend on the tag alone.
 *
 * @param originals world a's export
 */
export async function writeForms(
  plan: Pick<Plan, 'tag' | 'scramble'>,
  originals: string,
  file: string
): Promise<void> {
  const { seed, files } = plan.scramble
  const a = await open(originals, 'r')
  const tar = await TarFile.create(file)
  try {
    const index = await readExportIndex(a)
    for (const { path, size } of files) {
      if (size > largestReadable) continue
      const { content } = entryOf({ file: a, index }, path)
      const { bytes, form } = scrambledAs(await whole(piecesAt(a, content, size)), path, seed, 2)
      if (form === undefined) continue
      const name = `${exportPrefix}/${form}/${path}`
      await tar.add({ path: name, kind: 'file', mode: 0o644, size, mtime: plan.tag.epoch }, [bytes])
    }
    await tar.end()
  } finally {
    await a.close()
    await tar.close()
  }
}
