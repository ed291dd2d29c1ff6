import type { HttpClient } from '../platform/http.ts'
import { showUrl } from '../platform/http-rules.ts'
import { hashOfAnswer, type HashRequest } from './hash-of-answer.ts'

interface UrlRequest extends Pick<HashRequest, 'mostBytes' | 'nothing' | 'signal'> {
  url: string | URL
  headers: Readonly<Record<string, string>>
  /** Throws for an address that a redirect must not lead to. */
  allow?: (url: URL) => void
  http: HttpClient
}

/**
 * SHA-256 and size of what an address gives out, without keeping it. A download that breaks off begins anew.
 *
 * @returns null where there is nothing
 * @throws TagproofError `network`, `index-answer`, `cancelled`
 */
export function hashOfUrl({
  url,
  headers,
  allow,
  ...request
}: UrlRequest): Promise<{ sha256: string; size: number } | null> {
  const { http, nothing, signal } = request
  return hashOfAnswer({
    ...request,
    open: () =>
      http.open({
        url,
        headers: { 'cache-control': 'no-cache', ...headers },
        accept: nothing,
        ...(signal === undefined ? {} : { signal })
      }),
    what: showUrl(url),
    check: (answer) => allow?.(answer.url)
  })
}
