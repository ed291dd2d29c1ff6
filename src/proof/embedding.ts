import { isUtf8 } from 'node:buffer'
import type { ScrambledFile } from '../documents/plan.ts'
import type { ReadBoth } from './digests.ts'
import { withEmbeddedOriginals, type EmbeddedText } from './embedded.ts'

/** Whole texts are looked for in metadata alone: what else takes in a text does more with it. */
const metadata = /(^|\/)(METADATA|PKG-INFO)$/
const largestMetadata = 4 * 2 ** 20
/** Longer texts are in no description, and all together must be held. */
const largestText = 2 ** 20
const mostTexts = 16 * 2 ** 20

/** Whether world b's metadata is world a's once scrambled texts that stand in it have their originals back. */
export function embeddingOf(
  scramble: readonly ScrambledFile[],
  read: ReadBoth
): (a: Buffer, b: Buffer, path: string) => Promise<boolean> {
  let texts: Promise<EmbeddedText[]> | undefined
  return async (a, b, path) => {
    if (!metadata.test(path) || b.length > largestMetadata || !isUtf8(a) || !isUtf8(b)) return false
    if (fieldsOf(a.toString('utf8')) !== fieldsOf(b.toString('utf8'))) return false
    texts ??= readTexts(scramble, read)
    return withEmbeddedOriginals(b.toString('utf8'), await texts)?.text === a.toString('utf8')
  }
}

/** All fields of metadata but the description: what installers go by must follow no scrambled file, not even whole. */
function fieldsOf(text: string): string {
  const lines = text.split(/\r\n|\r|\n/)
  const end = lines.indexOf('')
  let described = false
  return lines
    .slice(0, end < 0 ? lines.length : end)
    .filter((line) => {
      if (!/^[ \t]/.test(line)) described = /^Description:/i.test(line)
      return !described
    })
    .join('\n')
}

async function readTexts(scramble: readonly ScrambledFile[], read: ReadBoth): Promise<EmbeddedText[]> {
  const texts: EmbeddedText[] = []
  let left = mostTexts
  for (const file of scramble) {
    if (file.size > largestText || file.size > left) continue
    const both = await read(file)
    if (both === undefined || !isUtf8(both.original) || !isUtf8(both.scrambled)) continue
    left -= file.size
    texts.push({
      path: file.path,
      original: both.original.toString('utf8'),
      scrambled: both.scrambled.toString('utf8')
    })
  }
  return texts
}
