import path from 'node:path'
import { directoryStore } from '../../destinations/stores/directory-store.ts'
import { gitStore } from '../../destinations/stores/git/git-store.ts'
import type { GitRemote } from '../../destinations/stores/git/transport.ts'
import { keyLogin, roleLogin, type S3Login } from '../../destinations/stores/s3/login.ts'
import { s3Place, type S3Place } from '../../destinations/stores/s3/place.ts'
import { s3Store } from '../../destinations/stores/s3/s3-store.ts'
import type { Store } from '../../destinations/stores/store.ts'
import type { StoreSettings } from '../../documents/destination-settings.ts'
import { TagproofError } from '../../platform/errors.ts'
import { signalOf, type StageContext } from '../context.ts'
import type { OpenRequest } from './opening.ts'

/**
 * The store of a destination, ready to be asked.
 *
 * @param name of the destination, for messages
 * @throws TagproofError `usage` without the credentials that it needs, `config-invalid`
 */
export function openStore(
  context: StageContext,
  name: string,
  settings: StoreSettings,
  request: OpenRequest
): Store {
  switch (settings.kind) {
    case 'directory':
      return directoryStore({
        folder: path.resolve(context.repository, settings.path),
        address: settings.path
      })
    case 's3': {
      const { endpoint, role, ...where } = settings
      const place = s3Place({ ...where, ...(endpoint === null ? {} : { endpoint }) })
      const login = role === null ? keysOf(name, request) : roleOf(context, role, place, request)
      return s3Store({ place, login, http: request.http, now: Date.now, ...signalOf(context) })
    }
    case 'git':
      return gitStore({
        remote: remoteOf(name, settings.remote, request),
        branch: settings.branch,
        path: settings.path,
        time: request.release.epoch,
        pauses: [1000, 5000, 15_000],
        ...signalOf(context)
      })
  }
}

function keysOf(name: string, { own, credentials }: OpenRequest): S3Login {
  const accessKeyId = own.get('s3-access-key-id')
  const secretAccessKey = own.get('s3-secret-access-key')
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return keyLogin({ accessKeyId, secretAccessKey }, credentials.onSecret)
  const lacks = accessKeyId === undefined ? 's3-access-key-id' : 's3-secret-access-key'
  throw new TagproofError('usage', `The store of ${name} has no keys.`, {
    found: `${credentials.nameOf(lacks)} is not given`,
    expected: 'both keys, or a role',
    fix: 'Better than keys: make a role that this workflow may assume, and write role: into the store (docs/stores.md).'
  })
}

function roleOf(
  context: StageContext,
  role: string,
  { tokenService }: S3Place,
  request: OpenRequest
): S3Login {
  const { http, credentials } = request
  return roleLogin({
    role,
    tokenService,
    http,
    identityToken: (audience) => credentials.identityToken(http, audience),
    onSecret: credentials.onSecret,
    now: Date.now,
    ...signalOf(context)
  })
}

/** That of the run, where none is named. A token goes to http addresses alone. */
function remoteOf(name: string, remote: string | null, { own, credentials }: OpenRequest): GitRemote {
  const { environment } = credentials
  const { GITHUB_SERVER_URL: server = '', GITHUB_REPOSITORY: repository = '' } = environment
  const token = own.get('github-token')
  if (remote !== null) return { address: remote, token, environment }
  if (server !== '' && repository !== '') return { address: `${server}/${repository}`, token, environment }
  throw new TagproofError('usage', `The store of ${name} does not say which repository it is in.`, {
    found: 'no GITHUB_REPOSITORY',
    expected: 'the address of a repository',
    fix: 'Add remote: to the store in .github/tagproof.yml.'
  })
}
