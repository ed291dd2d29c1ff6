import { TagproofError } from '../platform/errors.ts'
import { createHttpClient, type HttpClient } from '../platform/http.ts'
import type { AptSource } from './apt-sources.ts'

/**
 * Which pockets of a suite a mirror holds: the suite itself, `-updates` beside it, and `-security` beside it or,
 * where the security archive is a sibling, below `<mirror>-security`.
 *
 * @throws TagproofError as the HTTP client does, if the suite itself is not there
 */
export async function probePockets(
  mirror: string,
  suite: string,
  options: { components: string[]; signedBy: string; signal?: AbortSignal; client?: HttpClient }
): Promise<AptSource[]> {
  const base = mirror.replace(/\/+$/, '')
  const client = options.client ?? createHttpClient()
  const source = (uri: string, suites: string[]): AptSource => ({
    uris: [uri],
    suites,
    components: options.components,
    signedBy: options.signedBy
  })
  const has = async (uri: string, pocket: string): Promise<boolean> => {
    const answer = await client.open({
      url: `${uri}/dists/${pocket}/InRelease`,
      method: 'HEAD',
      accept: pocket === suite ? [] : [403, 404, 410],
      ...(options.signal === undefined ? {} : { signal: options.signal })
    })
    answer.stream.resume()
    return answer.status === 200
  }
  try {
    if (!(await has(base, suite)))
      throw new TagproofError('index-answer', `The mirror holds no suite ${suite}.`, {
        fix: 'Correct sources.mirror or the suite.'
      })
    const sources = [source(base, [suite])]
    for (const [uri, pocket] of [
      [base, `${suite}-updates`],
      [base, `${suite}-security`],
      [`${base}-security`, `${suite}-security`]
    ] as const)
      if (!sources.some((found) => found.suites.includes(pocket)) && (await has(uri, pocket)))
        sources.push(source(uri, [pocket]))
    return sources
  } finally {
    if (options.client === undefined) client.close()
  }
}
