import type { DestinationFacts, PublishFacts } from '../doctor/destination-checks.ts'
import type { DestinationKind } from '../destinations/destination.ts'
import { preflights } from '../destinations/preflight.ts'
import type { DestinationSettings } from '../documents/destination-settings.ts'
import { readDocument } from '../documents/reading.ts'
import type { Release } from '../documents/release.ts'
import type { Uploads } from '../documents/uploads.ts'
import { asTagproofError } from '../platform/errors.ts'
import { signalOf, type StageContext } from './context.ts'
import type { FilesOfTag } from './destinations-of-tree.ts'
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
      destinations: told.map(({ destination: { name, address, kind }, result }) => ({
        name,
        address,
        result,
        noLogin: noLogin(kind, credentials)
      }))
    }
  } finally {
    await Promise.allSettled(destinations.map((destination) => destination.close()))
    close()
  }
}

function noLogin(kind: DestinationKind, { given, environment }: Credentials): DestinationFacts['noLogin'] {
  if (kind === 'pypi' && !given.has('pypi-token') && (environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? '') === '')
    return {
      // It comes last.
      what: 'login not tried, the rest is in order',
      why: 'There is no token here, and the identity of the workflow is only to be had in its run.',
      fix: 'Set TAGPROOF_PYPI_TOKEN to try a token; a trusted publisher is tried by the job that publishes, before it writes.'
    }
  if (kind === 'github' && !given.has('github-token'))
    return {
      what: 'not asked without a token',
      why: 'Drafts are shown to those alone who may write.',
      fix: 'Set TAGPROOF_GITHUB_TOKEN to try one; the job that publishes is asked before it writes.'
    }
  return null
}

async function readRelease(context: StageContext): Promise<{ release: Release; uploads: Uploads }> {
  const { document: release } = await readDocument('release', context.out.release)
  const { document: proof } = await readDocument('proof', context.out.proof)
  return { release, uploads: await readUploads(context, proof) }
}
