import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { parseUrl, showUrl, isSecure } from '../../platform/http-rules.ts'
import { type IndexService } from './services.ts'

/** Where identity tokens are exchanged for tokens of the index. */
export interface ExchangeEndpoints {
  audience: URL
  mint: URL
  burn: URL
  /** Features that are asked for when a token is minted (PEP 807); none of them where the index knows none. */
  features: readonly string[]
  /** A token is good for one upload. */
  singleUse: boolean
}

const discoveryType = 'application/vnd.pypi.pytp.v1+json'
const largestDocument = 1 << 16
const noDiscovery = [400, 401, 403, 404, 405, 406, 410]

/**
 * Asks an index where it takes identity tokens (PEP 807), else takes the places that PyPI has had since before.
 *
 * @throws TagproofError `login-refused` for an index that names a place on another host; `network`
 */
export async function findEndpoints(
  service: IndexService,
  http: HttpClient,
  signal?: AbortSignal
): Promise<ExchangeEndpoints> {
  const url = new URL('/.well-known/pytp', service.uploadUrl)
  url.search = `?discover=${encodeURIComponent(service.uploadUrl.pathname)}`
  const answer = await http
    .read({
      url,
      headers: { accept: discoveryType },
      accept: noDiscovery,
      maximumBytes: largestDocument,
      ...(signal === undefined ? {} : { signal })
    })
    .catch((error: unknown) => {
      // A server that answers an address that it does not know with a fault of its own.
      if (error instanceof TagproofError && error.code === 'index-answer') return null
      throw error
    })
  const isOwn = answer?.status === 200 && answer.url.hostname === url.hostname
  return (isOwn ? readDiscovery(answer.body.toString('utf8'), service) : null) ?? usualEndpoints(service)
}

/** The places of PyPI, on the host that takes the uploads. */
export function usualEndpoints({ uploadUrl }: IndexService): ExchangeEndpoints {
  const at = (name: string): URL => new URL(`/_/oidc/${name}`, uploadUrl)
  return {
    audience: at('audience'),
    mint: at('mint-token'),
    burn: at('burn-token'),
    features: [],
    singleUse: false
  }
}

/**
 * A discovery document (PEP 807); null for anything else, such as the page of a web site that answers every address.
 *
 * @throws TagproofError `login-refused` where it sends identity tokens to another host, or in the clear
 */
export function readDiscovery(text: string, service: IndexService): ExchangeEndpoints | null {
  let document: Record<string, unknown>
  try {
    document = (JSON.parse(text) ?? {}) as Record<string, unknown>
  } catch {
    return null
  }
  const audience = document['audience-endpoint']
  const mint = document['token-mint-endpoint']
  if (typeof audience !== 'string' || typeof mint !== 'string') return null
  const known = listOf(document.features)
  const usual = listOf(document['default-features'])
  const multiple = known.includes('multi-use-token')
  return {
    ...usualEndpoints(service),
    audience: ownAddress(audience, service),
    mint: ownAddress(mint, service),
    features: multiple ? ['multi-use-token'] : [],
    singleUse: !multiple && usual.includes('single-use-token')
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** PEP 807, "Constraints": the host of the upload address, and no plain http. */
function ownAddress(text: string, { name, uploadUrl }: IndexService): URL {
  const url = parseUrl(text)
  if (url?.hostname === uploadUrl.hostname && url.username === '' && isSecure(url)) return url
  throw new TagproofError('login-refused', `${name} sends identity tokens to another place.`, {
    found: showUrl(text),
    expected: `an https address on ${uploadUrl.hostname}`,
    fix: 'Use a token for this index, and tell those who run it.'
  })
}
