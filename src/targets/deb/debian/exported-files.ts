import { createReadStream } from 'node:fs'
import { readTar } from '../../../formats/tar/reader.ts'
import { TagproofError } from '../../../platform/errors.ts'
import { whole } from '../../../platform/pieces.ts'

const largestText = 16 * 1024 * 1024

/**
 * The text of some files of an export, by their path in the tree; what is not there, or no file, is left out.
 *
 * @throws TagproofError `config-invalid` for one larger than 16 MiB
 */
export async function exportedTexts(
  exportTar: string,
  paths: readonly string[]
): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for await (const entry of readTar(createReadStream(exportTar), { twins: 'accept' })) {
    const name = entry.path.replace(/^tree\//, '')
    if (entry.kind !== 'file' || !paths.includes(name)) continue
    if (entry.size > largestText)
      throw new TagproofError('config-invalid', `${name} is too large.`, {
        where: `${name}:1`,
        found: `${entry.size} bytes`,
        expected: `at most ${largestText} bytes`
      })
    texts.set(name, (await whole(entry.content)).toString('utf8'))
    if (texts.size === paths.length) break
  }
  return texts
}
