import path from 'node:path'
import type { Destination } from '../destinations/destination.ts'
import { directoryDestination } from '../destinations/directory.ts'
import { tokensFor } from '../destinations/index-tokens.ts'
import { attestationsOff } from '../destinations/pypi/attestations-off.ts'
import { sigstoreAttest, type Attest } from '../destinations/pypi/attest.ts'
import { pypiDestination } from '../destinations/pypi/destination.ts'
import { serviceOf } from '../destinations/pypi/services.ts'
import { routesOf, type Route } from '../destinations/routing.ts'
import type { DestinationSettings } from '../documents/destination-settings.ts'
import type { Release } from '../documents/release.ts'
import type { Uploads } from '../documents/uploads.ts'
import { TagproofError } from '../platform/errors.ts'
import { runFacts } from '../platform/github-run-facts.ts'
import { ownProgram } from '../platform/own-program.ts'
import { createHttpClient, type HttpClient } from '../platform/http.ts'
import { signalOf, type StageContext } from './context.ts'

/** What a publication is handed besides its documents: the only credentials of a release. */
export interface Credentials {
  /** What `pypi-token` holds; undefined where it is not given. */
  pypiToken: string | undefined
  /** How a token is handed over here, for messages. */
  tokenName: string
  /** An identity token of the workflow for an audience. @throws TagproofError where there is none to be had */
  identityToken: (http: HttpClient, audience: string) => Promise<string>
  onSecret: (value: string) => void
  environment: NodeJS.ProcessEnv
}

export interface DestinationsRequest {
  settings: readonly DestinationSettings[]
  release: Pick<Release, 'artifacts' | 'tag' | 'commit' | 'proof'>
  uploads: Uploads
  credentials: Credentials
}

/**
 * The destinations of a release, ready to be asked. The caller calls `close` when all is done.
 *
 * @throws TagproofError `usage` for tokens that nobody takes
 */
export function openDestinations(
  context: StageContext,
  { settings, release, uploads, credentials }: DestinationsRequest
): { destinations: Destination[]; close: () => void } {
  const { routes, notes } = routesOf(settings, release.artifacts)
  for (const note of notes) context.log.info(note)
  const tokens = tokensFor(credentials.pypiToken, routes.flatMap(placeOf), credentials.tokenName)
  for (const token of tokens.values()) credentials.onSecret(token)
  const http = createHttpClient({ environment: credentials.environment })
  const destinations = routes.map((route) =>
    route.kind === 'directory'
      ? directoryDestination({
          name: route.name,
          address: route.settings.path,
          packages: context.out.packages,
          artifacts: route.artifacts,
          folder: path.resolve(context.repository, route.settings.path)
        })
      : openIndex(context, route, { release, uploads, credentials, http, token: tokens.get(route.name) })
  )
  return { destinations, close: () => http.close() }
}

function placeOf(route: Route): { name: string; server: string }[] {
  return route.kind === 'pypi' ? [{ name: route.name, server: serviceOf(route.index).uploadUrl.origin }] : []
}

interface IndexRequest {
  release: DestinationsRequest['release']
  uploads: Uploads
  credentials: Credentials
  http: HttpClient
  token: string | undefined
}

function openIndex(
  context: StageContext,
  { name, index, artifacts, settings }: Extract<Route, { kind: 'pypi' }>,
  request: IndexRequest
): Destination {
  const { uploads, credentials, http, token } = request
  requireUploads(artifacts, uploads)
  const identityToken = (audience: string): Promise<string> => credentials.identityToken(http, audience)
  const service = serviceOf(index)
  const off = attestationsOff({
    index: service.kind,
    credentials: token === undefined ? 'trusted' : 'token',
    setting: settings.attestations
  })
  if (off !== null) context.log.info(`${name}: ${off}`)
  return pypiDestination({
    name,
    service,
    credentials: token === undefined ? { kind: 'trusted', identityToken } : { kind: 'token', token },
    uploads: uploads.files.filter((file) => artifacts.some((artifact) => artifact.name === file.name)),
    artifacts,
    packages: context.out.packages,
    attest: off === null ? attestOf(context, request, identityToken) : null,
    createProject: settings.createProject,
    http,
    log: context.log,
    now: Date.now,
    onSecret: credentials.onSecret,
    ...signalOf(context)
  })
}

/** By the identity of the run, which is asked what it is only once something is to be signed. */
function attestOf(
  context: StageContext,
  { release, credentials }: IndexRequest,
  identityToken: (audience: string) => Promise<string>
): Attest {
  const { environment } = credentials
  return (files) =>
    sigstoreAttest({
      program: ownProgram('signing.cjs'),
      environment,
      run: runFacts(environment),
      release,
      identityToken,
      log: context.log,
      ...signalOf(context)
    })(files)
}

/** A file that uploads.json does not describe would be left out without a word. */
function requireUploads(artifacts: readonly { name: string }[], { files }: Uploads): void {
  const missing = artifacts.find(({ name }) => !files.some((file) => file.name === name))
  if (missing === undefined) return
  throw new TagproofError('document-mismatch', `uploads.json does not describe ${missing.name}.`, {
    found: files.map(({ name }) => name).join(', ') || 'no file',
    expected: missing.name,
    fix: 'Run tagproof prove and record again.'
  })
}
