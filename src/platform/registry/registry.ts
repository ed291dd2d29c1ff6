import { createHash } from 'node:crypto'
import { downloadFile, type Expected } from '../download.ts'
import { TagproofError } from '../errors.ts'
import type { HttpAnswer, HttpClient } from '../http.ts'
import type { Credentials } from './credentials.ts'
import { loginHint } from './login.ts'
import { openSession, requireSecure } from './session.ts'

/** A document of a registry, with the digest of just these bytes. */
export interface RegistryDocument {
  bytes: Buffer
  /** `sha256:…` */
  digest: string
  /** As the answer says it, without parameters; empty if it does not. */
  mediaType: string
}

/** Reads from one repository of one registry (distribution specification 1.1, "Pull"). */
export interface Registry {
  /** Address, for messages. */
  readonly address: string
  /** A manifest or index by tag or digest; null if there is none. */
  manifest(reference: string): Promise<RegistryDocument | null>
  /** A small blob; null if there is none. */
  blob(digest: string, maximumBytes: number): Promise<Buffer | null>
  /** Address of a blob or manifest, without any login. */
  blobAddress(kind: 'manifests' | 'blobs', digest: string): string
  /** Downloads a blob, or a manifest, into a file; its hash is checked on the way. */
  download(
    kind: 'manifests' | 'blobs',
    file: Expected,
    partial: string,
    onBytes?: (count: number) => void
  ): Promise<void>
}

export interface RegistryOptions {
  /** Such as `https://images.example`, with a path before `/v2/` if it has one. */
  base: URL
  repository: string
  client: HttpClient
  /** Asked only if the registry wants a login. */
  credentials: () => Promise<Credentials | null>
  signal?: AbortSignal
}

const largestManifest = 4 * 2 ** 20
/** Value of `Accept` for whatever an image may be described by. */
export const acceptedManifests = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json'
].join(', ')

/**
 * @throws TagproofError `config-invalid` for plain HTTP to another machine. What the methods throw: as
 *   {@link HttpClient}, and `hash-mismatch` for bytes that are not those of their digest
 */
export function openRegistry(options: RegistryOptions): Registry {
  const { base, client, signal } = options
  const session = openSession({ ...options, scopes: [`repository:${options.repository}:pull`] })
  const { address } = session

  async function read(
    kind: 'manifests' | 'blobs',
    name: string,
    maximumBytes: number
  ): Promise<(HttpAnswer & { body: Buffer }) | null> {
    const answer = await session.read({
      url: session.url(kind, name),
      headers: kind === 'manifests' ? { accept: acceptedManifests } : {},
      accept: [403, 404],
      maximumBytes
    })
    requireSecure(answer.url)
    if (answer.status === 404) return null
    if (answer.status === 401 || answer.status === 403) throw denied(address, answer.status, base)
    return answer
  }

  return {
    address,
    blobAddress: (kind, digest) => session.url(kind, digest),
    async manifest(reference) {
      const answer = await read('manifests', reference, largestManifest)
      if (answer === null) return null
      const digest = digestOf(answer.body)
      const wanted = reference.startsWith('sha256:') ? reference : null
      if (wanted !== null && digest !== wanted) throw lied(address, digest, wanted)
      // The header is optional; one that is there must be true.
      const claimed = answer.headers['docker-content-digest']
      if (typeof claimed === 'string' && claimed.startsWith('sha256:') && claimed !== digest)
        throw lied(address, digest, claimed)
      return { bytes: answer.body, digest, mediaType: mediaTypeOf(answer.headers['content-type']) }
    },
    async blob(digest, maximumBytes) {
      const answer = await read('blobs', digest, maximumBytes)
      if (answer === null) return null
      const found = digestOf(answer.body)
      if (found !== digest) throw lied(address, found, digest)
      return answer.body
    },
    async download(kind, file, partial, onBytes) {
      const place = session.url(kind, `sha256:${file.sha256}`)
      for (let attempt = 1; ; attempt += 1) {
        const used = session.headers()
        try {
          await downloadFile(client, place, partial, file, {
            headers: { ...(kind === 'manifests' ? { accept: acceptedManifests } : {}), ...used },
            ...(onBytes === undefined ? {} : { onBytes }),
            ...(signal === undefined ? {} : { signal })
          })
          return
        } catch (error) {
          // A token may be missing, or have ended on the way: what was downloaded stays.
          if (attempt > 2 || !isUnauthorized(error)) throw error
          await session.renew(used, () => challengeOf(place))
        }
      }
    }
  }

  async function challengeOf(place: string): Promise<string | undefined> {
    const answer = await client.open({
      url: place,
      method: 'HEAD',
      accept: [401, 403, 404],
      ...(signal === undefined ? {} : { signal })
    })
    answer.stream.destroy()
    return answer.headers['www-authenticate']
  }
}

function isUnauthorized(error: unknown): boolean {
  return (
    error instanceof TagproofError && error.code === 'index-answer' && error.detail.found === 'status 401'
  )
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function mediaTypeOf(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function lied(address: string, found: string, expected: string): TagproofError {
  return new TagproofError('hash-mismatch', `${address} sent other bytes than their digest names.`, {
    found,
    expected,
    fix: 'Nothing was kept. Find out who stands between you and the registry.'
  })
}

function denied(address: string, status: number, base: URL): TagproofError {
  return new TagproofError('index-answer', `${address} may not be read with this login, or does not exist.`, {
    found: `status ${status}`,
    fix: loginHint(base)
  })
}
