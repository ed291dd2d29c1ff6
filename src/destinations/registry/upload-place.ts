import { TagproofError } from '../../platform/errors.ts'
import { parseUrl, showUrl, isSecure } from '../../platform/http-rules.ts'
import type { RegistryAnswer } from './answer.ts'

/** Where an upload goes on, as the registry says it with each answer (distribution specification 1.1, "Pushing blobs"). */
export interface UploadPlace {
  url: URL
  /** Smallest part that the registry takes, the last one apart, in bytes. */
  minimum: number
}

/**
 * The place that an answer names; relative, or on another server, which then gets no login of ours.
 *
 * @throws TagproofError `index-answer` for none, or one in the clear on another machine
 */
export function placeOf({ headers, url }: Pick<RegistryAnswer, 'headers' | 'url'>): UploadPlace {
  const { location } = headers
  const place = location === undefined ? null : parseUrl(location, url)
  if (place === null || !isSecure(place) || (url.protocol === 'https:' && place.protocol !== 'https:'))
    throw new TagproofError('index-answer', `${showUrl(url)} names no place to send a blob to.`, {
      found: location === undefined ? 'no Location' : showUrl(location),
      expected: 'an https address'
    })
  const minimum = Number(headers['oci-chunk-min-length'] ?? 0)
  return { url: place, minimum: Number.isSafeInteger(minimum) && minimum > 0 ? minimum : 0 }
}

/** The address that ends an upload: what the registry put into its query stays as it is. */
export function closingUrl({ url }: UploadPlace, digest: string): URL {
  return new URL(`${url.href}${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`)
}

/**
 * How many bytes the registry has: `Range: 0-N` is N + 1 bytes, with or without `bytes=` before it. `0-0` may be one byte
 * or none, since registries disagree; it counts as none. Null for an answer that does not tell.
 */
export function bytesThere(range: string | undefined): number | null {
  const last = /^(?:bytes[= ])?0-(\d{1,15})$/.exec(range?.trim() ?? '')?.[1]
  if (last === undefined) return null
  return last === '0' ? 0 : Number(last) + 1
}
