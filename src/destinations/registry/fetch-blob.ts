import { createHash } from 'node:crypto'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { isSecure, type RegistrySession } from '../../platform/registry/session.ts'
import { showUrl } from '../../platform/http-rules.ts'
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
  for (let attempt = 1; ; attempt += 1) {
    const answer = await session.open({ url: session.url('blobs', blob.digest), accept: [403, 404] })
    try {
      if (!isSecure(answer.url))
        throw new TagproofError('index-answer', `${session.address} gives out a blob over plain http.`, {
          found: showUrl(answer.url),
          expected: 'an https address'
        })
      if (answer.status === 404) return null
      if (answer.status === 401 || answer.status === 403)
        throw loginRefused(session, `status ${answer.status}`)
      const hash = createHash('sha256')
      let size = 0
      for await (const piece of answer.stream as AsyncIterable<Buffer>) {
        hash.update(piece)
        size += piece.length
        if (size > blob.size) break
      }
      return { digest: `sha256:${hash.digest('hex')}`, size }
    } catch (cause) {
      if (signal?.aborted === true) throw new TagproofError('cancelled', 'Stopped on request.')
      if (cause instanceof TagproofError && cause.code !== 'network') throw cause
      if (attempt >= http.attempts)
        throw new TagproofError('network', `${session.address} broke off in the blob ${blob.digest}.`, {
          found: `${(cause as Error).message} (${attempt} attempts)`,
          fix: 'Run the same command again: what is there already is not sent again.',
          cause
        })
      await http.pause(attempt, undefined, signal)
    } finally {
      answer.stream.destroy()
    }
  }
}
