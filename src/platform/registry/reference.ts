/** Names of images as Dockerfiles and engines write them (distribution/reference, "Grammar"). */

export interface ImageReference {
  /** The whole text. */
  text: string
  /** Host, with a port if there is one, as it is written; null where none is written. */
  host: string | null
  /** Path in the registry, without the host. */
  repository: string
  tag: string | null
  /** `sha256:` and 64 hex digits, or null. */
  digest: string | null
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const repositoryForm = new RegExp(`^${component}(?:/${component})*$`)
const hostForm =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/
const longestName = 255
const longestText = 500

/** @returns null for a text that is no reference, or has a digest that is no SHA-256 */
export function parseReference(text: string): ImageReference | null {
  if (text.length > longestText) return null
  const [rest = '', digest = null, ...more] = text.split('@')
  if (more.length > 0 || (digest !== null && !/^sha256:[0-9a-f]{64}$/.test(digest))) return null
  const colon = rest.lastIndexOf(':')
  const tagged = colon > rest.lastIndexOf('/')
  const name = tagged ? rest.slice(0, colon) : rest
  const tag = tagged ? rest.slice(colon + 1) : null
  if (tag !== null && !/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(tag)) return null
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const hasHost = /[.:\]]/.test(first) || first === 'localhost' || first !== first.toLowerCase()
  const host = hasHost ? first : null
  const repository = hasHost ? name.slice(slash + 1) : name
  if (host !== null && !hostForm.test(host)) return null
  if (!repositoryForm.test(repository) || name.length > longestName) return null
  return { text, host, repository, tag, digest }
}

/** Name and tag without the digest. */
export function withoutDigest({ text }: Pick<ImageReference, 'text'>): string {
  return text.split('@')[0] ?? text
}

/** `name:tag@sha256:…`: what stands in a Dockerfile once it is pinned. */
export function pinned(reference: ImageReference, digest: string): string {
  return `${withoutDigest(reference)}@${digest}`
}
