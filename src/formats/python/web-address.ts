/**
 * What is wrong with a web address in metadata; null where the index takes it. It asks `rfc3986`, which is lenient: http
 * or https, a port that exists, and no square bracket in path or query (RFC 3986, 3.3 and 3.4); other characters that
 * would have to be written with % are let pass.
 */
export function webAddressProblem(address: string): string | null {
  const [, scheme, authority = '', path = '', query = ''] =
    /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s.exec(address) ?? []
  if (scheme === undefined) return 'it does not begin with https:// or http://'
  if (!/^https?$/i.test(scheme)) return `${scheme.slice(0, 20)}: is neither https nor http`
  if (Number(/:(\d+)$/.exec(authority)?.[1] ?? 0) > 65_535) return 'there is no such port'
  return /[[\]]/.test(path + query) ? 'square brackets must be written as %5B and %5D' : null
}
