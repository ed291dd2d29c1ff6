import { createHash } from 'node:crypto'
import { TagproofError } from '../platform/errors.ts'
import type { HttpClient } from '../platform/http.ts'
import { showUrl } from '../platform/http-rules.ts'

export interface HashRequest {
  url: string | URL
  /** Reading ends behind them: `size` is then larger than it. */
  mostBytes: number
  headers: Readonly<Record<string, string>>
  /** Statuses that say that there is nothing. */
  nothing: readonly number[]
  /** What is thrown for an address that a redirect must not lead to. */
  allow?: (url: URL) => void
  http: HttpClient
  signal?: AbortSignal | undefined
}

/**
 * SHA-256 and size of what an address gives out, without keeping it. A download that breaks off begins anew.
 *
 * @returns null where there is nothing
 * @throws TagproofError `network`, `index-answer`, `cancelled`
 */
export async function hashOfUrl(request: HashRequest): Promise<{ sha256: string; size: number } | null> {
  const { url, http, signal } = request
  for (let attempt = 1; ; attempt += 1) {
    const answer = await http.open({
      url,
      headers: { 'cache-control': 'no-cache', ...request.headers },
      accept: request.nothing,
      ...(signal === undefined ? {} : { signal })
    })
    try {
      request.allow?.(answer.url)
      if (request.nothing.includes(answer.status)) return null
      const hash = createHash('sha256')
      let size = 0
      for await (const piece of answer.stream as AsyncIterable<Buffer>) {
        hash.update(piece)
        size += piece.length
        if (size > request.mostBytes) break
      }
      return { sha256: hash.digest('hex'), size }
    } catch (cause) {
      if (signal?.aborted === true) throw new TagproofError('cancelled', 'Stopped on request.')
      if (cause instanceof TagproofError && cause.code !== 'network') throw cause
      if (attempt >= http.attempts)
        throw new TagproofError('network', `${showUrl(url)} broke off.`, {
          found: `${(cause as Error).message} (${attempt} attempts)`,
          fix: 'Run it again: what is there already is not sent again.',
          cause
        })
      await http.pause(attempt, undefined, signal)
    } finally {
      answer.stream.destroy()
    }
  }
}
