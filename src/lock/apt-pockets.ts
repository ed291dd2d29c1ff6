import { createHttpClient, type HttpClient } from '../platform/http.ts'
import { parseRelease } from './apt-host.ts'
import { securitySibling, type AptSource } from './apt-sources.ts'

/** Components whose packages the distribution itself supports or builds; taken where the mirror has them. */
const usualComponents = ['main', 'universe']
const largestRelease = 16 * 1024 * 1024

/**
 * Which pockets of a suite a mirror holds: the suite itself, `-updates` beside it, and `-security` beside it or,
 * where the security archive is a sibling, below `<mirror>-security`. Nothing is trusted here: apt verifies later.
 *
 * @throws TagproofError as the HTTP client does, if the suite itself is not there
 */
export async function probePockets(
  mirror: string,
  suite: string,
  options: { components?: string[]; signedBy: string; signal?: AbortSignal; client?: HttpClient }
): Promise<AptSource[]> {
  const base = mirror.replace(/\/+$/, '')
  const client = options.client ?? createHttpClient()
  const readRelease = async (uri: string, pocket: string): Promise<Map<string, string> | null> => {
    const answer = await client.read({
      url: `${uri}/dists/${pocket}/InRelease`,
      accept: pocket === suite ? [] : [403, 404, 410],
      maximumBytes: largestRelease,
      ...(options.signal === undefined ? {} : { signal: options.signal })
    })
    return answer.status === 200 ? parseRelease(answer.body.toString('utf8')) : null
  }
  const sources: AptSource[] = []
  try {
    for (const [uri, pocket] of [
      [base, suite],
      [base, `${suite}-updates`],
      [base, `${suite}-security`],
      ...securitySibling(base).map((sibling) => [sibling, `${suite}-security`] as const)
    ] as const) {
      if (sources.some((found) => found.suites.includes(pocket))) continue
      const release = await readRelease(uri, pocket)
      if (release === null) continue
      const offered = (release.get('components') ?? '').split(/\s+/).map((name) => name.replace(/^.*\//, ''))
      const components = options.components ?? usualComponents.filter((name) => offered.includes(name))
      sources.push({
        uris: [uri],
        suites: [pocket],
        components: components.length === 0 ? ['main'] : components,
        signedBy: options.signedBy
      })
    }
    return sources
  } finally {
    if (options.client === undefined) client.close()
  }
}
