import type { PublishFacts } from '../doctor/destination-checks.ts'
import { preflights } from '../destinations/preflight.ts'
import type { DestinationSettings } from '../documents/destination-settings.ts'
import { readDocument } from '../documents/reading.ts'
import type { Release } from '../documents/release.ts'
import type { Uploads } from '../documents/uploads.ts'
import { asTagproofError } from '../platform/errors.ts'
import { signalOf, type StageContext } from './context.ts'
import type { FilesOfTag } from './destination-files.ts'
import { openDestinations, type Credentials } from './publish-destinations.ts'
import { readUploads } from './uploads.ts'

/**
 * Runs the preflight of every destination for the release that lies in the output folder, and nothing else: no file is
 * sent. A login is tried where there is a token, by what the index refuses to take.
 *
 * @throws TagproofError `usage` for a token that nothing needs; `cancelled`
 */
export async function askDestinations(
  context: StageContext,
  settings: readonly DestinationSettings[],
  files: FilesOfTag,
  credentials: Credentials
): Promise<PublishFacts> {
  if (settings.length === 0) return { none: 'destinations' }
  const read = await readRelease(context).catch(asTagproofError)
  if (!('release' in read)) return { none: 'release', folder: context.out.folder, error: read }
  const { destinations, close } = await openDestinations(context, { settings, ...read, files, credentials })
  try {
    const told = await preflights(destinations, { log: context.log, ...signalOf(context) })
    return {
      canLogIn:
        credentials.given.has('pypi-token') ||
        (credentials.environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? '') !== '',
      destinations: told.map(({ destination: { name, address }, result }) => ({ name, address, result }))
    }
  } finally {
    await Promise.allSettled(destinations.map((destination) => destination.close()))
    close()
  }
}

async function readRelease(context: StageContext): Promise<{ release: Release; uploads: Uploads }> {
  const { document: release } = await readDocument('release', context.out.release)
  const { document: proof } = await readDocument('proof', context.out.proof)
  return { release, uploads: await readUploads(context, proof) }
}
