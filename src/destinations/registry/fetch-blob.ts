import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { type RegistrySession } from '../../platform/registry/session.ts'
import { showUrl, isSecure } from '../../platform/http-rules.ts'
import { hashOfAnswer } from '../hash-of-answer.ts'
import type { ImageBlob } from './image.ts'
import { loginRefused } from './refusals.ts'

/**
 * Digest and size of a blob as the registry gives it out, without keeping it; a blob may lie on another server.
 *
 * @returns null where there is none; reading ends behind the size that it is to have
 * @throws TagproofError `login-refused`, `index-answer`, `network`
 */
export async function fetchBlob(
  session: RegistrySession,
  blob: ImageBlob,
  { http, signal }: { http: Pick<HttpClient, 'attempts' | 'pause'>; signal?: AbortSignal }
): Promise<{ digest: string; size: number } | null> {
  const found = await hashOfAnswer({
    open: () => session.open({ url: session.url('blobs', blob.digest), accept: [403, 404] }),
    what: `${session.address}: the blob ${blob.digest}`,
    mostBytes: blob.size,
    nothing: [404],
    check: ({ status, url }) => {
      if (!isSecure(url))
        throw new TagproofError('index-answer', `${session.address} gives out a blob over plain http.`, {
          found: showUrl(url),
          expected: 'an https address',
          fix: 'Tell those who run the registry: anybody on the way could hand out other bytes.'
        })
      if (status === 401 || status === 403) throw loginRefused(session, `status ${status}`)
    },
    http,
    signal
  })
  return found === null ? null : { digest: `sha256:${found.sha256}`, size: found.size }
}
