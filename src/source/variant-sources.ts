import { open, type FileHandle } from 'node:fs/promises'
import { TagproofError } from '../platform/errors.ts'
import { whole } from '../platform/pieces.ts'
import { piecesAt, readExportIndex, type ExportedEntry } from './export-index.ts'
import { exportOrder } from './export-order.ts'

/** What a variant of world b's export is made of. */
export interface VariantSources {
  b: string
  /** World a's export, with the originals; null on a machine that is given none. */
  a: string | null
  /** What `writeForms` left for such a machine. */
  forms?: string
}

interface Opened {
  file: FileHandle
  index: Map<string, ExportedEntry>
}

/** The same, open to be read. */
export interface Sources {
  a: Opened | null
  b: Opened
  forms: Opened | null
  /** Paths in the order of world a. */
  orderOfA(): Iterable<string>
  close(): Promise<void>
}

export async function openSources(names: VariantSources): Promise<Sources> {
  const files: FileHandle[] = []
  const opened = async (name: string): Promise<Opened> => {
    const file = await open(name, 'r')
    files.push(file)
    return { file, index: await readExportIndex(file) }
  }
  const close = async (): Promise<void> => {
    for (const file of files) await file.close()
  }
  try {
    const b = await opened(names.b)
    const a = names.a === null ? null : await opened(names.a)
    const forms = names.forms === undefined ? null : await opened(names.forms)
    return { a, b, forms, orderOfA: () => (a === null ? sorted(b.index) : a.index.keys()), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** World a's order follows from the paths alone. */
function sorted(index: ReadonlyMap<string, unknown>): string[] {
  const paths = [...index.keys()].filter((path) => path !== '')
  const folders = new Set(paths.flatMap((path) => parentsOf(path)))
  const leaves = new Map(paths.filter((path) => !folders.has(path)).map((path) => [path, path]))
  return ['', ...exportOrder(leaves, 'a').map(({ path }) => path)]
}

function parentsOf(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_part, at) => parts.slice(0, at + 1).join('/'))
}

export interface Place {
  file: FileHandle
  entry: ExportedEntry
}

/**
 * Where the original of a file lies: in world a's export; or in world b's, for the files that it has unscrambled.
 *
 * @throws TagproofError `input-missing` on a machine that has none
 */
export function whereOriginal({ a, b }: Sources, path: string, inB = false): Place {
  if (a !== null) return { file: a.file, entry: entryOf(a, path) }
  if (inB) return { file: b.file, entry: entryOf(b, path) }
  throw noOriginals(path)
}

export function noOriginals(path: string): TagproofError {
  return new TagproofError(
    'input-missing',
    `The original of ${JSON.stringify(path)} is not on this machine.`,
    {
      expected: 'both exports: a machine that builds world b alone is given one',
      fix: 'Build both worlds on one machine to look into this: tagproof rehearse.'
    }
  )
}

export function bytesAt({ file, entry }: Place): Promise<Buffer> {
  return whole(piecesAt(file, entry.content, entry.size))
}

/** @throws TagproofError `document-mismatch` */
export function entryOf({ index }: Opened, path: string): ExportedEntry {
  const entry = index.get(path)
  if (entry !== undefined) return entry
  throw new TagproofError('document-mismatch', `The exports do not both hold ${JSON.stringify(path)}.`, {
    where: 'exports/',
    fix: 'Run tagproof plan again, and build again.'
  })
}
