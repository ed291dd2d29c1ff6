import type { HttpClient } from '../../platform/http.ts'
import { parseUrl, showUrl, isSecure } from '../../platform/http-rules.ts'
import { TagproofError } from '../../platform/errors.ts'
import { hashOfUrl } from '../hash-of-url.ts'
import type { IndexReader } from './reader.ts'

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
  {
    http,
    reader,
    signal
  }: { http: HttpClient; reader: Pick<IndexReader, 'headersFor'>; signal?: AbortSignal }
): Promise<{ sha256: string; size: number } | null> {
  const url = parseUrl(address)
  if (url === null) return null
  requireSecureFile(url)
  return hashOfUrl({
    url,
    mostBytes,
    headers: reader.headersFor(url),
    nothing: [404, 410],
    allow: requireSecureFile,
    http,
    signal
  })
}

function requireSecureFile(url: URL): void {
  if (isSecure(url)) return
  throw new TagproofError('index-answer', 'The index gives out a file over plain http.', {
    found: showUrl(url),
    expected: 'an https address',
    fix: 'Tell those who run the index: anybody on the way could hand out other bytes.'
  })
}
