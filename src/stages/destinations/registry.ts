import { readFile } from 'node:fs/promises'
import type { Destination } from '../../destinations/destination.ts'
import { registryDestination } from '../../destinations/registry/destination.ts'
import type { EvidenceFile } from '../../destinations/registry/evidence.ts'
import { baseBlobs, imagePlace, pushedImages } from '../../destinations/registry/place.ts'
import type { Route } from '../../destinations/routing.ts'
import { lockPath } from '../../documents/layout.ts'
import { parseLock } from '../../lock/lock-file.ts'
import { TagproofError } from '../../platform/errors.ts'
import {
  credentialsFor,
  readDockerConfiguration,
  type Credentials as RegistryCredentials
} from '../../platform/registry/credentials.ts'
import { signalOf, type StageContext } from '../context.ts'
import type { OpenRequest } from './opening.ts'

type RegistryRoute = Extract<Route, { kind: 'registry' }>

/**
 * A registry, by the login that it was given, or by what docker login has left.
 *
 * @throws TagproofError `usage` for half a login; `document-mismatch`; `config-invalid` for names that cannot be
 */
export async function openRegistry(
  context: StageContext,
  route: RegistryRoute,
  { release, uploads, own, credentials, http, files }: OpenRequest
): Promise<Destination> {
  const { name, settings } = route
  const lock = files.get(lockPath)
  const place = imagePlace(settings.image)
  return registryDestination({
    name,
    base: place.base,
    images: pushedImages(route, { release, uploads, packages: context.out.packages }),
    credentials: loginOf(name, { own, credentials }),
    bases: lock === undefined ? new Map() : baseBlobs(parseLock(lock.toString('utf8'), lockPath), place.host),
    evidence: settings.evidence ? await evidenceOf(context) : [],
    http,
    log: context.log,
    ...signalOf(context)
  })
}

/** What was given goes before what docker has kept; the registry is asked for a login first, and neither is read before. */
function loginOf(
  name: string,
  { own, credentials }: Pick<OpenRequest, 'own' | 'credentials'>
): (base: URL) => Promise<RegistryCredentials | null> {
  const [user, password] = [own.get('registry-username'), own.get('registry-password')]
  if ((user === undefined) !== (password === undefined))
    throw new TagproofError('usage', `The destination ${name} has half a login.`, {
      found: user === undefined ? 'a password without a user name' : 'a user name without a password',
      expected: `${credentials.nameOf('registry-username')} and registry-password, or neither`,
      fix: 'Give both. For the registry of GitHub: the user ${{ github.actor }} with ${{ github.token }}.'
    })
  if (user !== undefined && password !== undefined) {
    credentials.onSecret(password)
    return () => Promise.resolve({ kind: 'password', user, password })
  }
  const { environment } = credentials
  return async (base) => {
    // docker keeps the login of the registry `registry-1.DOMAIN` under the host `index.DOMAIN`.
    const domain = /^registry-1\.(.+)$/.exec(base.hostname)?.[1]
    const hosts = [base.host, ...(domain === undefined ? [] : [`index.${domain}`, domain])]
    const found = await credentialsFor(hosts, await readDockerConfiguration(environment), environment)
    if (found !== null) credentials.onSecret(found.kind === 'password' ? found.password : found.token)
    return found
  }
}

/** What lets anybody check an image: the record and the proof, which are the same on every machine. */
async function evidenceOf({ out }: StageContext): Promise<EvidenceFile[]> {
  const kinds = [
    ['release.json', out.release],
    ['proof.json', out.proof]
  ] as const
  return Promise.all(
    kinds.map(async ([title, file]) => ({
      name: title,
      mediaType: `application/vnd.tagproof.${title.replace('.json', '')}+json`,
      bytes: await readFile(file)
    }))
  )
}
