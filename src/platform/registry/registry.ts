import { downloadFile, type Expected } from '../download.ts'
import { TagproofError } from '../errors.ts'
import type { HttpClient } from '../http.ts'
import type { Credentials } from './credentials.ts'
import { acceptedManifests, readBlob, readManifest, type RegistryDocument } from './reading.ts'
import { openSession } from './session.ts'

export type { RegistryDocument }

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

/**
 * @throws TagproofError `config-invalid` for plain HTTP to another machine. What the methods throw: as
 *   {@link HttpClient}, and `hash-mismatch` for bytes that are not those of their digest
 */
export function openRegistry(options: RegistryOptions): Registry {
  const { client, signal } = options
  const session = openSession({ ...options, scopes: [`repository:${options.repository}:pull`] })

  return {
    address: session.address,
    blobAddress: (kind, digest) => session.url(kind, digest),
    manifest: (reference) => readManifest(session, reference),
    blob: (digest, maximumBytes) => readBlob(session, digest, maximumBytes),
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
