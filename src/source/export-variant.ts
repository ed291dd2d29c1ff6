import { rm } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { sha256 as asSha256, type Sha256, type World } from '../documents/identifiers.ts'
import { scrambleForms, type Plan, type ScrambledFile, type ScrambleForm } from '../documents/plan.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { scrambledAs, scrambledStream, type ScrambleTier } from '../worlds/scramble.ts'
import { piecesAt } from './export-index.ts'
import { largestReadable } from './opaque.ts'
import { TarFile } from './tar-file.ts'
import {
  bytesAt,
  entryOf,
  noOriginals,
  openSources,
  whereOriginal,
  type Sources,
  type VariantSources
} from './variant-sources.ts'
import { byPath } from './tree.ts'

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
  exports: VariantSources
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
 * Writes a variant of world b's export: in the other order, with some originals, or with other noise. Needs no git: a
 * scrambled file has the size of its original.
 *
 * @throws TagproofError `document-mismatch` if the exports do not hold the same paths; `input-missing` for what only
 *   the originals could give, on a machine that has none
 */
export async function writeVariant(request: VariantRequest): Promise<WrittenVariant> {
  const { scramble, order = 'b', original = () => false } = request
  const links = new Set(scramble.links.map((link) => link.path))
  const records = new Map(scrambledIn(request).map((file) => [file.path, file]))
  const files: ScrambledFile[] = []
  const sources = await openSources(request.exports)
  const tar = await TarFile.create(request.file)
  try {
    const { a, b } = sources
    for (const path of order === 'a' ? sources.orderOfA() : b.index.keys()) {
      const inB = entryOf(b, path)
      const own = original(path) ? whereOriginal(sources, path) : { file: b.file, entry: inB }
      if (a !== null) entryOf(a, path)
      const header = links.has(path) ? own : { file: b.file, entry: inB }
      await tar.addBlocks(
        piecesAt(header.file, header.entry.start, header.entry.content - header.entry.start)
      )
      const record = original(path) ? undefined : records.get(path)
      if (record === undefined || !isNewNoise(request, record)) {
        await tar.addContent(inB.size, piecesAt(own.file, own.entry.content, inB.size))
        if (record !== undefined) files.push(record)
      } else files.push(await addNoise(tar, request, record, sources))
    }
    return { ...(await tar.end()), files: files.sort(byPath) }
  } catch (error) {
    await rm(request.file, { force: true })
    throw error
  } finally {
    await sources.close()
    await tar.close()
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
  sources: Sources
): Promise<ScrambledFile> {
  const record = { path, blob, size, reason, original }
  if (size > largestReadable) {
    const hash = createHash('sha256')
    await tar.addContent(size, observed(scrambledStream(size, path, seed), hash))
    return { ...record, scrambled: asSha256(hash.digest('hex')) }
  }
  const paired = scramble.paired.some((file) => file.path === path)
  const { bytes, form } =
    sources.a === null && !paired
      ? await formWithoutOriginal(sources, path, seed === scramble.seed && tier === 2)
      : scrambledAs(await bytesAt(whereOriginal(sources, path, paired)), path, seed, tier)
  await tar.addContent(size, [bytes])
  return { ...record, scrambled: sha256OfBytes(bytes), ...(form === undefined ? {} : { form }) }
}

/** World b's own copy, but for the files that the second tier keeps in a valid form: it is noise in both tiers. */
async function formWithoutOriginal(
  { b, forms }: Sources,
  path: string,
  known: boolean
): Promise<{ bytes: Buffer; form?: ScrambleForm }> {
  if (!known || forms === null) throw noOriginals(path)
  for (const form of scrambleForms) {
    const entry = forms.index.get(`${form}/${path}`)
    if (entry !== undefined) return { bytes: await bytesAt({ file: forms.file, entry }), form }
  }
  return { bytes: await bytesAt({ file: b.file, entry: entryOf(b, path) }) }
}

function* observed(pieces: Iterable<Buffer>, hash: { update(piece: Buffer): unknown }): Generator<Buffer> {
  for (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
}
