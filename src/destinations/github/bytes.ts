import type { HttpClient } from '../../platform/http.ts'
import { hashOfUrl } from '../hash-of-url.ts'

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
export function hashOfAsset(
  url: string,
  mostBytes: number,
  headers: Readonly<Record<string, string>>,
  { http, signal }: Fetching
): Promise<{ sha256: string; size: number } | null> {
  return hashOfUrl({ url, mostBytes, headers, nothing: [404], http, signal })
}
