import type { OfferedFile, ProjectPage } from '../../lock/simple-index.ts'
import { readProject, requireSameHost } from '../../lock/simple-index.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { splitCredentials } from '../../platform/http-rules.ts'
import { parseReleaseJson } from './release-json.ts'
import type { IndexService } from './services.ts'

/** Asks an index what it has. Every answer is fresh as far as we can ask for it: caches are told to look again. */
export interface IndexReader {
  readonly service: IndexService
  /** The page of the simple index; null for a project that it does not have. */
  project(project: string): Promise<ProjectPage | null>
  /** Files of a release out of its JSON document; null where there is none, or no such release. */
  release(project: string, version: string): Promise<readonly OfferedFile[] | null>
  /** A login for addresses of the index's own origin, as its page needed it. */
  headersFor(url: URL): Readonly<Record<string, string>>
}

export interface ReaderOptions {
  service: IndexService
  http: HttpClient
  /** Value of `Authorization` for an index that shows nothing without a login; it goes to the upload's own origin alone. */
  authorization: (() => Promise<string>) | null
  signal?: AbortSignal
}

const fresh = { 'cache-control': 'no-cache', pragma: 'no-cache' }
const largestDocument = 64 * 2 ** 20

export function openReader({ service, http, authorization, signal }: ReaderOptions): IndexReader {
  const simple = splitCredentials(service.simpleUrl)
  const login = simple.authorization
  let header: Record<string, string> = login === undefined ? {} : { authorization: login }
  const mayLogIn = login === undefined && service.uploadUrl.origin === simple.url.origin
  const signalled = signal === undefined ? {} : { signal }

  async function askProject(project: string): Promise<ProjectPage | null> {
    return readProject(http, simple.url.href, project, {
      headers: { ...fresh, ...header },
      sameHost: true,
      ...signalled
    })
  }

  return {
    service,
    async project(project) {
      try {
        return await askProject(project)
      } catch (error) {
        if (!wantsLogin(error)) throw error
        if (!mayLogIn || authorization === null || header.authorization !== undefined)
          throw hidden(service, error)
        header = { authorization: await authorization() }
        return askProject(project).catch((second: unknown) => {
          throw wantsLogin(second) ? hidden(service, second) : (second as Error)
        })
      }
    },
    async release(project, version) {
      const base = service.jsonUrl
      if (base === null) return null
      const url = new URL(
        `pypi/${encodeURIComponent(project)}/${encodeURIComponent(version)}/json`,
        base.href.replace(/\/*$/, '/')
      )
      const answer = await http.read({
        url,
        headers: { ...fresh, accept: 'application/json' },
        accept: [404, 410],
        maximumBytes: largestDocument,
        ...signalled
      })
      requireSameHost(url, answer.url)
      if (answer.status === 404 || answer.status === 410) return null
      return parseReleaseJson(answer.body.toString('utf8'), answer.url)
    },
    headersFor: (url) => (url.origin === simple.url.origin ? header : {})
  }
}

function wantsLogin(error: unknown): boolean {
  const { detail } = error as { detail?: { found?: string } }
  return detail?.found === 'status 401' || detail?.found === 'status 403'
}

function hidden(service: IndexService, cause: unknown): TagproofError {
  const { found, output } = (cause as TagproofError).detail
  return new TagproofError('login-refused', `${service.name} does not show its files with this login.`, {
    ...(found === undefined ? {} : { found }),
    ...(output === undefined ? {} : { output }),
    fix: 'What is there has to be known before anything is sent: use a login that may also read.',
    cause
  })
}
