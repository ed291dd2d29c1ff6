/** What a browser is told of a file, by the end of its name. The rest is bytes. */
const types: readonly (readonly [RegExp, string])[] = [
  [/\.deb$/, 'application/vnd.debian.binary-package'],
  [/\.(gz|tgz)$/, 'application/gzip'],
  [/\.xz$/, 'application/x-xz'],
  [/\.zst$/, 'application/zstd'],
  [/\.tar$/, 'application/x-tar'],
  [/\.(zip|whl)$/, 'application/zip'],
  [/\.json$/, 'application/json'],
  [/\.html$/, 'text/html; charset=utf-8'],
  [/\.pgp$|\.gpg$/, 'application/pgp-keys'],
  [
    /(^|\/)(SHA256SUMS(\.asc)?|InRelease|Release(\.gpg)?|Packages)$|\.(txt|asc|md|sig)$/,
    'text/plain; charset=utf-8'
  ]
]

/** `Content-Type` of a key. Never with a content encoding: a client must get the bytes that were hashed. Pure. */
export function contentTypeOf(key: string): string {
  return types.find(([pattern]) => pattern.test(key))?.[1] ?? 'application/octet-stream'
}

/** What never changes may be kept for a year; what moves is asked for each time. Pure. */
export function cacheControlOf(kind: 'fixed' | 'moving'): string {
  return kind === 'fixed' ? 'public, max-age=31536000, immutable' : 'no-cache'
}
