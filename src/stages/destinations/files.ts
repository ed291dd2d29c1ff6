import { openSigner } from '../../destinations/apt/open-signer.ts'
import type { CheckedSigner } from '../../destinations/apt/checked-signer.ts'
import type { Destination } from '../../destinations/destination.ts'
import { filesDestination } from '../../destinations/files/destination.ts'
import type { Route } from '../../destinations/routing.ts'
import { joinInside } from '../../platform/files.ts'
import { createHttpClient } from '../../platform/http.ts'
import { signalOf, type StageContext } from '../context.ts'
import type { OpenRequest } from './opening.ts'
import { openStore } from './store.ts'

type FilesRoute = Extract<Route, { kind: 'files' }>

/** @throws TagproofError of `openStore`, `openSigner` and `filesDestination` */
export function openFiles(context: StageContext, route: FilesRoute, request: OpenRequest): Destination {
  const { name, settings, artifacts, moves } = route
  const { release, uploads, credentials } = request
  const signer = signerOf(context, route, request)
  if (settings.sums && signer === null)
    context.log.info(
      `${name}: SHA256SUMS is not signed, since there is neither apt-signing-key nor a signer.`
    )
  return filesDestination({
    destination: name,
    values: { version: release.version ?? release.tag, tag: release.tag },
    files: artifacts.map((artifact) => ({
      name: artifact.name,
      size: artifact.size,
      sha256: artifact.sha256,
      target: artifact.target,
      arch: uploads.debs.find((deb) => deb.name === artifact.name)?.architecture ?? null,
      file: joinInside(context.out.packages, artifact.name)
    })),
    names: settings.names,
    aliases: settings.aliases,
    sums: settings.sums,
    store: openStore(context, name, settings.store, request),
    url: settings.url,
    moves,
    signer,
    openReader: () => createHttpClient({ environment: credentials.environment }),
    now: Date.now,
    ...signalOf(context)
  })
}

/** Null where the configuration and the inputs name no key: hashes are then worth what the address is. */
function signerOf(
  context: StageContext,
  { name, settings }: FilesRoute,
  { own, credentials, files }: OpenRequest
): CheckedSigner | null {
  const secret = own.get('apt-signing-key')
  const { key, signer: command } = settings
  if (!settings.sums || (secret === undefined && command === null && key === null)) return null
  const bytes = key === null ? undefined : files.get(key)
  return openSigner({
    destination: name,
    key: key === null || bytes === undefined ? null : { bytes, file: key },
    command,
    secret,
    source: credentials.nameOf('apt-signing-key'),
    environment: credentials.environment,
    folder: context.repository,
    now: () => Math.floor(Date.now() / 1000),
    ...signalOf(context)
  })
}
