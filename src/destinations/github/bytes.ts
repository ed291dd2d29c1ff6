import { createHash } from 'node:crypto'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { showUrl } from '../../platform/http-rules.ts'

export interface Fetching {
  http: HttpClient
  signal?: AbortSignal
}

/**
 * SHA-256 of what an address gives out, without keeping it. An asset lies on another host: the redirect there is followed
 * without the token.
 *
 * @param mostBytes reading ends behind them: `size` is then larger than it
 * @returns null where there is nothing (yet)
 * @throws TagproofError `network`, `index-answer`
 */
export async function hashOfAsset(
  url: string,
  mostBytes: number,
  headers: Readonly<Record<string, string>>,
  { http, signal }: Fetching
): Promise<{ sha256: string; size: number } | null> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await http.open({
      url,
      headers: { 'cache-control': 'no-cache', ...headers },
      accept: [404],
      ...(signal === undefined ? {} : { signal })
    })
    try {
      if (answer.status === 404) return null
      const hash = createHash('sha256')
      let size = 0
      for await (const piece of answer.stream as AsyncIterable<Buffer>) {
        hash.update(piece)
        size += piece.length
        if (size > mostBytes) break
      }
      return { sha256: hash.digest('hex'), size }
    } catch (cause) {
      if (signal?.aborted === true) throw new TagproofError('cancelled', 'Stopped on request.')
      if (attempt >= http.attempts)
        throw new TagproofError('network', `${showUrl(url)} broke off.`, {
          found: `${(cause as Error).message} (${attempt} attempts)`,
          fix: 'Run the same job again: what is there already is not sent again.',
          cause
        })
      await http.pause(attempt, undefined, signal)
    } finally {
      answer.stream.destroy()
    }
  }
}
