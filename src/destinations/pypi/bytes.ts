import { createHash } from 'node:crypto'
import type { HttpClient } from '../../platform/http.ts'
import { parseUrl, showUrl } from '../../platform/http-rules.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { IndexReader } from './reader.ts'
import { isSecure } from './services.ts'

/**
 * SHA-256 and size of what an address gives out, without keeping it. An index may name another host for its files.
 *
 * @param mostBytes reading ends behind them: `size` is then larger than it
 * @returns null where there is nothing (404, 410)
 * @throws TagproofError `index-answer`, also for an address that is not secure; `network`
 */
export async function hashOfAddress(
  address: string,
  mostBytes: number,
  context: { http: HttpClient; reader: Pick<IndexReader, 'headersFor'>; signal?: AbortSignal }
): Promise<{ sha256: string; size: number } | null> {
  const url = parseUrl(address)
  if (url === null) return null
  requireSecureFile(url)
  for (let attempt = 1; ; attempt += 1) {
    const answer = await context.http.open({
      url,
      headers: { 'cache-control': 'no-cache', ...context.reader.headersFor(url) },
      accept: [404, 410],
      ...(context.signal === undefined ? {} : { signal: context.signal })
    })
    try {
      requireSecureFile(answer.url)
      if (answer.status === 404 || answer.status === 410) return null
      const hash = createHash('sha256')
      let size = 0
      for await (const piece of answer.stream as AsyncIterable<Buffer>) {
        hash.update(piece)
        size += piece.length
        if (size > mostBytes) break
      }
      return { sha256: hash.digest('hex'), size }
    } catch (cause) {
      if (context.signal?.aborted === true) throw new TagproofError('cancelled', 'Stopped on request.')
      if (cause instanceof TagproofError && cause.code !== 'network') throw cause
      if (attempt >= context.http.attempts)
        throw new TagproofError('network', `${showUrl(url)} broke off.`, {
          found: `${(cause as Error).message} (${attempt} attempts)`,
          fix: 'Run the same command again: what is there already is not sent again.',
          cause
        })
      await context.http.pause(attempt, undefined, context.signal)
    } finally {
      answer.stream.destroy()
    }
  }
}

function requireSecureFile(url: URL): void {
  if (isSecure(url)) return
  throw new TagproofError('index-answer', 'The index gives out a file over plain http.', {
    found: showUrl(url),
    expected: 'an https address',
    fix: 'Tell those who run the index: anybody on the way could hand out other bytes.'
  })
}
