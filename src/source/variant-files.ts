import { createHash } from 'node:crypto'
import { sha256 as asSha256 } from '../documents/identifiers.ts'
import type { Plan, ScrambledFile } from '../documents/plan.ts'
import { sha256OfBytes } from '../platform/files.ts'
import { scrambledAs, scrambledStream } from '../worlds/scramble.ts'
import type { Variant } from './export-variant.ts'
import { largestReadable } from './opaque.ts'
import type { Repository } from './repository.ts'
import { byPath } from './tree.ts'

/**
 * The scrambled files of a variant of world b's export, made again from git: what a build says it was given is
 * believed only if this gives the same.
 *
 * @throws TagproofError `object-missing`, `object-corrupt`
 */
export async function variantFiles(
  repository: Repository,
  scramble: Pick<Plan['scramble'], 'seed' | 'tier' | 'files' | 'paired'>,
  { seed = scramble.seed, tier = scramble.tier, pairs = false }: Pick<Variant, 'seed' | 'tier' | 'pairs'>
): Promise<ScrambledFile[]> {
  const files: ScrambledFile[] = []
  for (const file of pairs ? [...scramble.files, ...scramble.paired] : scramble.files) {
    const { path, blob, size, reason, original } = file
    const record = { path, blob, size, reason, original }
    if (size > largestReadable) {
      const hash = createHash('sha256')
      for (const piece of scrambledStream(size, path, seed)) hash.update(piece)
      files.push({ ...record, scrambled: asSha256(hash.digest('hex')) })
      continue
    }
    const { data } = await repository.readObject(blob, 'blob')
    const { bytes, form } = scrambledAs(data, path, seed, tier)
    files.push({ ...record, scrambled: sha256OfBytes(bytes), ...(form === undefined ? {} : { form }) })
  }
  return files.sort(byPath)
}
