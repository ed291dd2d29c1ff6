import type { IncomingHttpHeaders } from 'node:http'

/**
 * How long an answer asks to wait before anything is asked again, in seconds; null where it is no limit. Both limits come as
 * 403 or 429: the primary one with `x-ratelimit-remaining: 0`, the secondary one with `retry-after` or with a message alone,
 * and then a minute is asked for (GitHub Docs, "Rate limits for the REST API"). Pure.
 *
 * @param now milliseconds since 1970
 */
export function limitSeconds(
  { status, headers, message }: { status: number; headers: IncomingHttpHeaders; message: string },
  now: number
): number | null {
  if (status !== 403 && status !== 429) return null
  const after = headers['retry-after']
  if (after !== undefined && /^\d{1,6}$/.test(after)) return Number(after)
  const reset = headers['x-ratelimit-reset']
  if (headers['x-ratelimit-remaining'] === '0' && typeof reset === 'string' && /^\d{1,12}$/.test(reset))
    return Math.max(Math.ceil(Number(reset) - now / 1000), 1)
  return status === 429 || /rate limit|abuse detection/i.test(message) ? 60 : null
}
