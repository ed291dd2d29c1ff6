import type { ReadBack } from '../../documents/receipt.ts'
import type { ReleaseArtifact } from '../../documents/release.ts'
import type { Upload } from '../../documents/uploads.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import type { Log } from '../../platform/log.ts'
import { missingOf, type ArtifactState, type Destination, type WriteEvent } from '../destination.ts'
import type { Attest } from './attest.ts'
import { requireKnownClassifiers } from './classifiers.ts'
import { tokenLogin, type Login } from './login.ts'
import { readPages, refuseProjects, requireOpenReleases } from './preflight.ts'
import { readBackUploads, usualPatience } from './read-back.ts'
import { openReader } from './reader.ts'
import { requireSecure, shownAddress, type IndexService } from './services.ts'
import { trustedLogin } from './trusted-login.ts'
import { listReleases, statesIn, statesOf } from './state.ts'
import { proveLogin, uploadFile } from './upload.ts'

export interface PypiRequest {
  /** Name of the destination. */
  name: string
  service: IndexService
  credentials:
    | { kind: 'token'; token: string }
    | { kind: 'trusted'; identityToken: (audience: string) => Promise<string> }
  /** Wheels first. */
  uploads: readonly Upload[]
  artifacts: readonly ReleaseArtifact[]
  /** Folder with the artifacts. */
  packages: string
  /** Null for an index or a login that takes no attestations. */
  attest: Attest | null
  /** A project that the index does not have may be made. */
  createProject: boolean
  http: HttpClient
  log: Log
  /** Milliseconds since 1970. */
  now: () => number
  onSecret: (value: string) => void
  signal?: AbortSignal
  /** Waits of the read-back, in milliseconds. */
  patience?: readonly number[]
}

/**
 * A package index that speaks the legacy upload API. It has no transaction, and a file name is used up for ever: so all that
 * can be known is asked before the first byte is sent, and every step may be repeated.
 *
 * @throws TagproofError `config-invalid` for an index that is not secure, `login-refused` for what cannot be a token of it,
 *   `document-mismatch` for an artifact that uploads.json does not describe
 */
export function pypiDestination(request: PypiRequest): Destination {
  const { service, http, log, signal } = request
  requireSecure(service.uploadUrl)
  requireSecure(service.simpleUrl)
  const uploads = request.uploads
  const artifacts = uploads.map((upload) => artifactOf(upload, request.artifacts))
  const login = loginOf(request)
  const signalled = signal === undefined ? {} : { signal }
  const authorization = request.credentials.kind === 'token' ? () => login.authorization() : null
  const reader = openReader({ service, http, authorization, ...signalled })
  const reading = { http, reader, ...signalled }
  const uploading = { service, http, login, ...signalled }
  /** What preflight has read just now; the first question for the state takes it. */
  let states: readonly ArtifactState[] | null = null
  let attestations: Map<string, readonly object[]> | null = request.attest === null ? null : new Map()

  async function attest(names: readonly string[]): Promise<void> {
    if (request.attest === null || attestations === null) return
    const files = uploads.filter(({ name }) => names.includes(name) && attestations?.has(name) === false)
    if (files.length === 0) return
    const made = await request.attest(files.map(({ name, sha256 }) => ({ name, sha256 })))
    attestations = new Map([...attestations, ...made])
  }

  return {
    name: request.name,
    kind: 'pypi',
    address: shownAddress(service),
    artifacts,
    async preflight() {
      const pages = await readPages(uploads, reader)
      const listed = await listReleases(uploads, reading, pages)
      states = await statesIn(listed, uploads, reading)
      const absent = new Set(missingOf(states))
      const missing = uploads.filter(({ name }) => absent.has(name))
      refuseProjects(missing, pages, request)
      requireOpenReleases(listed, absent, pages, request)
      // Other bytes are told by the state, and stop everything: no token is needed then.
      if (missing.length === 0 || states.some(({ state }) => state === 'different')) return
      await requireKnownClassifiers(missing, request)
      // A token that is minted for a pending publisher makes the project: that is a write.
      const isNew = missing.some(({ project }) => pages.get(project) === null)
      if (request.credentials.kind === 'trusted' && isNew) return login.reach()
      await proveLogin(uploading)
      await login.release()
    },
    async state() {
      const known = states ?? (await statesOf(uploads, reading))
      states = null
      return known
    },
    stage: attest,
    async commit(missing, onWritten) {
      await attest(missing)
      for (const upload of uploads.filter(({ name }) => missing.includes(name))) {
        const outcome: WriteEvent['outcome'] = await uploadFile(
          upload,
          attestations?.get(upload.name) ?? null,
          {
            ...uploading,
            packages: request.packages,
            log,
            ask: async (file) => (await statesOf([file], reading))[0] ?? { name: file.name, state: 'absent' }
          }
        )
        await onWritten({ name: upload.name, outcome })
      }
    },
    async readBack(): Promise<readonly ReadBack[]> {
      const patience = request.patience ?? usualPatience
      return readBackUploads(uploads, { ...reading, attestations, patience })
    },
    moving: null,
    close: () => login.close()
  }
}

function artifactOf(upload: Upload, artifacts: readonly ReleaseArtifact[]): ReleaseArtifact {
  const artifact = artifacts.find(({ name }) => name === upload.name)
  if (artifact?.sha256 === upload.sha256 && artifact.size === upload.size) return artifact
  throw new TagproofError('document-mismatch', `uploads.json and release.json disagree on ${upload.name}.`, {
    found: artifact === undefined ? 'a file that is not of the release' : artifact.sha256,
    expected: upload.sha256,
    fix: 'Run tagproof prove and record again.'
  })
}

function loginOf(request: PypiRequest): Login {
  const { credentials, service, onSecret, uploads } = request
  if (credentials.kind === 'token') return tokenLogin(credentials.token, service, onSecret)
  const { identityToken } = credentials
  const projects = [...new Set(uploads.map(({ project }) => project))]
  return trustedLogin({ ...request, projects, identityToken })
}
