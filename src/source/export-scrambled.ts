import { open, type FileHandle } from 'node:fs/promises'
import type { Epoch, Sha256 } from '../documents/identifiers.ts'
import type { ScrambledLink } from '../documents/plan.ts'
import { scramble, scrambledStream, type ScrambleTier } from '../worlds/scramble.ts'
import { addFolder, addGitFile, headerOf, type Exported, type Leaf } from './export-entries.ts'
import { exportOrder } from './export-order.ts'
import { largestReadable } from './opaque.ts'
import { TarFile } from './tar-file.ts'
import { whole } from '../platform/pieces.ts'

export interface ScrambledRequest {
  leaves: ReadonlyMap<string, Leaf>
  epoch: Epoch
  seed: Sha256
  tier: ScrambleTier
  /** Links with another text in world b. */
  links: readonly ScrambledLink[]
  exported: ReadonlyMap<string, Exported>
  /** World a's export, which the contents are read from: git is asked once for each. */
  originals: string
  file: string
}

const copyBytes = 1 << 20

/** Writes world b's export: the other order, and a scrambled copy of each file that was so decided. */
export async function writeScrambled(request: ScrambledRequest): Promise<{ sha256: Sha256; size: number }> {
  const tar = await TarFile.create(request.file)
  const originals = await open(request.originals, 'r')
  const links = new Map(request.links.map((link) => [link.path, link.scrambled]))
  try {
    await addFolder(tar, '', request.epoch)
    for (const { path, leaf } of exportOrder(request.leaves, 'b')) {
      const place = request.exported.get(path)
      if (place !== undefined) {
        const header = headerOf(place.entry, request.epoch, links.get(path) ?? place.linkTarget)
        await tar.add(header, await contentOf(place, originals, request))
      } else if (leaf?.kind === 'git') await addGitFile(tar, leaf.file, request.epoch)
      else await addFolder(tar, path, request.epoch)
    }
    return await tar.end()
  } finally {
    await originals.close()
    await tar.close()
  }
}

async function contentOf(
  place: Exported,
  originals: FileHandle,
  { seed, tier }: Pick<ScrambledRequest, 'seed' | 'tier'>
): Promise<AsyncIterable<Buffer> | Iterable<Buffer>> {
  const { path, size } = place.entry
  if (place.linkTarget !== null) return []
  if (!place.scrambled) return contentAt(originals, place.offset, size)
  if (size > largestReadable) return scrambledStream(size, path, seed)
  return [scramble(await whole(contentAt(originals, place.offset, size)), path, seed, tier)]
}

async function* contentAt(file: FileHandle, offset: number, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const buffer = Buffer.allocUnsafe(Math.min(copyBytes, size - at))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset + at)
    if (bytesRead === 0) throw new RangeError('the export of world a was cut while it was read')
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
