import { access, rename } from 'node:fs/promises'
import path from 'node:path'
import { readDocument } from '../documents/reading.ts'
import type { Parcel } from '../handover/contents.ts'
import { artifactName } from '../handover/found-files.ts'
import { packParcel } from '../handover/parcel-file.ts'
import { asTagproofError } from '../platform/errors.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import type { StageContext } from './context.ts'
import type { RunPlace } from './hand-over.ts'

/** All that `withdraw` needs of a publication. */
const receiptParcel: Parcel = {
  for: 'publish',
  label: 'receipt',
  paths: ['receipt.json', 'release.json', 'proof.json', 'uploads.json']
}
/** As for what is handed over: an upload that fails at its end keeps its name for ever. */
const mostNames = 3

/**
 * Keeps the receipt beyond the job, as an artifact of the run: a tar with the documents that `withdraw` takes. Whether the
 * publication ended well or not; that it cannot be kept is told and stops nothing.
 */
export async function keepReceipt({ out, log }: StageContext, { store, attempt }: RunPlace): Promise<void> {
  try {
    if (!(await isAboutSomething(out.receipt))) return
    await withTemporaryFolder('tagproof-receipt', async (folder) => {
      let file = path.join(folder, 'packed')
      const { sha256 } = await packParcel(out.folder, receiptParcel, file)
      for (let again = 0; again < mostNames; again += 1) {
        const name = artifactName(receiptParcel.label, attempt, sha256, again)
        await rename(file, path.join(folder, name))
        file = path.join(folder, name)
        if ((await store.put(file)) === 'stored') {
          log.info(`The receipt is kept as the artifact ${name}; tagproof withdraw takes it.`)
          return
        }
      }
      log.warn('The receipt could not be kept: no name was left for it.')
    })
  } catch (error) {
    log.warn(`The receipt could not be kept: ${asTagproofError(error).message}`)
  }
}

/** One without destinations is written too, and tells of nothing that was sent. */
async function isAboutSomething(file: string): Promise<boolean> {
  const there = await access(file).then(
    () => true,
    () => false
  )
  return there && (await readDocument('receipt', file)).document.destinations.length > 0
}
