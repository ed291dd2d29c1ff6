import { open, rm, type FileHandle } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { sha256 as asSha256, type Sha256, type World } from '../documents/identifiers.ts'
import type { Plan, ScrambledFile } from '../documents/plan.ts'
import { TagproofError } from '../platform/errors.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { scrambledAs, scrambledStream, type ScrambleTier } from '../worlds/scramble.ts'
import { piecesAt, readExportIndex, type ExportedEntry } from './export-index.ts'
import { largestReadable } from './opaque.ts'
import { TarFile } from './tar-file.ts'
import { byPath } from './tree.ts'
import { whole } from '../platform/pieces.ts'

/** In what an export differs from that of world b. */
export interface Variant {
  /** Whose order the entries have; by default world b's. */
  order?: World
  /** Which of the files and links that world b sees scrambled are as the tree has them; by default none. */
  original?: (path: string) => boolean
  /** Makes other noise than that of the plan. */
  seed?: Sha256
  /** Makes noise of another tier. */
  tier?: ScrambleTier
  /** Files that declared generators read are scrambled too. */
  pairs?: boolean
}

export interface VariantRequest extends Variant {
  /** World a's export, with the originals, and world b's. */
  exports: Readonly<Record<World, string>>
  scramble: Pick<Plan['scramble'], 'seed' | 'tier' | 'files' | 'links' | 'paired'>
  /** Where the variant is written. */
  file: string
}

export interface WrittenVariant {
  sha256: Sha256
  size: number
  /** The scrambled files that it holds, with their hashes in it. */
  files: ScrambledFile[]
}

/**
 * Writes a variant of world b's export: in the other order, with some originals, or with other noise. Needs both
 * exports and no git: a scrambled file has the size of its original.
 *
 * @throws TagproofError `document-mismatch` if the exports do not hold the same paths
 */
export async function writeVariant(request: VariantRequest): Promise<WrittenVariant> {
  const { exports, scramble, order = 'b', original = () => false } = request
  const links = new Set(scramble.links.map((link) => link.path))
  const records = new Map(scrambledIn(request).map((file) => [file.path, file]))
  const files: ScrambledFile[] = []
  const [a, b] = [await open(exports.a, 'r'), await open(exports.b, 'r')]
  const tar = await TarFile.create(request.file)
  try {
    const [indexA, indexB] = [await readExportIndex(a), await readExportIndex(b)]
    for (const path of (order === 'a' ? indexA : indexB).keys()) {
      const [inA, inB] = [entryOf(indexA, path), entryOf(indexB, path)]
      const header = links.has(path) && original(path) ? { file: a, entry: inA } : { file: b, entry: inB }
      await tar.addBlocks(
        piecesAt(header.file, header.entry.start, header.entry.content - header.entry.start)
      )
      const record = original(path) ? undefined : records.get(path)
      if (record === undefined || !isNewNoise(request, record)) {
        const content = original(path) ? { file: a, entry: inA } : { file: b, entry: inB }
        await tar.addContent(inB.size, piecesAt(content.file, content.entry.content, inB.size))
        if (record !== undefined) files.push(record)
      } else files.push(await addNoise(tar, request, record, a, inA))
    }
    return { ...(await tar.end()), files: files.sort(byPath) }
  } catch (error) {
    await rm(request.file, { force: true })
    throw error
  } finally {
    for (const file of [a, b, tar]) await file.close()
  }
}

function scrambledIn({ scramble, pairs = false }: VariantRequest): ScrambledFile[] {
  return pairs ? [...scramble.files, ...scramble.paired] : scramble.files
}

/** Whether world b's export does not hold the noise that the variant shall have. */
function isNewNoise({ scramble, seed, tier }: VariantRequest, record: ScrambledFile): boolean {
  return seed !== undefined || tier !== undefined || scramble.paired.includes(record)
}

async function addNoise(
  tar: TarFile,
  { scramble, seed = scramble.seed, tier = scramble.tier }: VariantRequest,
  { path, blob, size, reason, original }: ScrambledFile,
  originals: FileHandle,
  entry: ExportedEntry
): Promise<ScrambledFile> {
  const record = { path, blob, size, reason, original }
  if (size > largestReadable) {
    const hash = createHash('sha256')
    await tar.addContent(size, observed(scrambledStream(size, path, seed), hash))
    return { ...record, scrambled: asSha256(hash.digest('hex')) }
  }
  const { bytes, form } = scrambledAs(
    await whole(piecesAt(originals, entry.content, entry.size)),
    path,
    seed,
    tier
  )
  await tar.addContent(size, [bytes])
  return { ...record, scrambled: sha256OfBytes(bytes), ...(form === undefined ? {} : { form }) }
}

function* observed(pieces: Iterable<Buffer>, hash: { update(piece: Buffer): unknown }): Generator<Buffer> {
  for (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
}

function entryOf(index: ReadonlyMap<string, ExportedEntry>, path: string): ExportedEntry {
  const entry = index.get(path)
  if (entry !== undefined) return entry
  throw new TagproofError('document-mismatch', `The exports do not both hold ${JSON.stringify(path)}.`, {
    where: 'exports/',
    fix: 'Run tagproof plan again, and build again.'
  })
}
