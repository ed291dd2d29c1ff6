import type { Destination } from '../../destinations/destination.ts'
import { attestationsOff } from '../../destinations/pypi/attestations-off.ts'
import { sigstoreAttest, type Attest } from '../../destinations/pypi/attest.ts'
import { pypiDestination } from '../../destinations/pypi/destination.ts'
import { serviceOf } from '../../destinations/pypi/services.ts'
import type { Route } from '../../destinations/routing.ts'
import type { Uploads } from '../../documents/uploads.ts'
import { TagproofError } from '../../platform/errors.ts'
import { runFacts } from '../../platform/github-run-facts.ts'
import { ownProgram } from '../../platform/own-program.ts'
import { signalOf, type StageContext } from '../context.ts'
import type { OpenRequest } from './opening.ts'

/** A package index, by the token that it was given, or by trusted publishing. */
export function openIndex(
  context: StageContext,
  { name, index, artifacts, settings }: Extract<Route, { kind: 'pypi' }>,
  request: OpenRequest
): Destination {
  const { uploads, credentials, http } = request
  const token = request.own.get('pypi-token')
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
  { release, credentials }: OpenRequest,
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
