import { access } from 'node:fs/promises'
import path from 'node:path'
import type { Proof } from '../documents/proof.ts'
import { readDocument } from '../documents/reading.ts'
import { TagproofError } from '../platform/errors.ts'
import type { StageContext } from './context.ts'

/**
 * Reads a proof to be shown to people. Where the record of the release lies beside it, it must be the proof that was
 * recorded there.
 *
 * @param file by default `proof.json` of the `--out` folder
 * @throws TagproofError `document-invalid` for another version or a field that cannot be right; `document-mismatch`
 *   for a proof that was altered after it was recorded; `input-missing`
 */
export async function explain(context: Pick<StageContext, 'out'>, file?: string): Promise<Proof> {
  const proofFile = file === undefined ? context.out.proof : path.resolve(file)
  const { document: proof, sha256 } = await readDocument('proof', proofFile)
  const releaseFile = path.join(path.dirname(proofFile), path.basename(context.out.release))
  if (await isThere(releaseFile)) {
    const { document: release } = await readDocument('release', releaseFile)
    if (release.proof !== sha256)
      throw new TagproofError('document-mismatch', 'This is not the proof that was recorded.', {
        where: proofFile,
        found: sha256,
        expected: `${release.proof} (release.json beside it)`,
        fix: 'It was altered, or belongs to another run. Get it again from where the release was made, or run tagproof prove and tagproof record.'
      })
  }
  return proof
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
