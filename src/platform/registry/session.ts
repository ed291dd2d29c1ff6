import type { Readable } from 'node:stream'
import { TagproofError } from '../errors.ts'
import type { HttpAnswer, HttpClient, HttpRequest } from '../http.ts'
import { showUrl, isSecure } from '../http-rules.ts'
import { parseChallenges } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import { authorize, loginHint } from './login.ts'

export interface SessionOptions {
  /** Such as `https://images.example`, with a path before `/v2/` if it has one. */
  base: URL
  repository: string
  client: HttpClient
  /** Asked only if the registry wants a login. */
  credentials: () => Promise<Credentials | null>
  /** What a token is to be good for, as `repository:NAME:pull`; those behind the first may be refused. */
  scopes: readonly string[]
  /** What is said in place of a login that failed; by default the failure itself. */
  refused?: (failure: TagproofError) => TagproofError
  signal?: AbortSignal
}

/** Requests to one repository of one registry, with the login that it asks for. */
export interface RegistrySession {
  readonly base: URL
  readonly repository: string
  /** Address, for messages. */
  readonly address: string
  /** Address of something in the repository, without any login. */
  url(kind: 'manifests' | 'blobs' | 'referrers', name: string): string
  /**
   * Sends a request. To the registry itself it goes with the login, which is renewed once where the registry answers 401; to
   * another origin it goes without. A second 401 is the caller's.
   */
  open(request: HttpRequest): Promise<HttpAnswer & { stream: Readable }>
  read(request: HttpRequest & { maximumBytes: number }): Promise<HttpAnswer & { body: Buffer }>
  /** The login for requests that go past this session; empty where none was asked for. */
  headers(): Record<string, string>
  /** Another login in place of the one in these headers, for a challenge that is asked for only where it is needed. */
  renew(used: Readonly<Record<string, string>>, challenge: () => Promise<string | undefined>): Promise<void>
}

/** @throws TagproofError `config-invalid` for plain HTTP to another machine */
export function openSession(options: SessionOptions): RegistrySession {
  const { base, repository, client, signal } = options
  requireSecure(base)
  const address = `${showUrl(base).replace(/\/+$/, '')}/${repository}`
  let authorization: string | null = null
  let login: Promise<void> | null = null

  const headers = (): Record<string, string> => (authorization === null ? {} : { authorization })

  /**
   * Of requests that are refused side by side one logs in: a request that was refused with a header that has been replaced
   * since, or is being replaced, has only to be sent again.
   */
  const renew: RegistrySession['renew'] = async (used, challenge) => {
    if (login === null && authorization !== (used.authorization ?? null)) return
    login ??= challenge()
      .then(logIn)
      .catch((error: unknown) => {
        const meant = error instanceof TagproofError && error.code === 'index-answer'
        throw meant ? (options.refused?.(error) ?? error) : error
      })
      .finally(() => (login = null))
    await login
  }

  async function logIn(challenge: string | undefined): Promise<void> {
    const credentials = await options.credentials()
    authorization = await authorize(parseChallenges(challenge), {
      client,
      base,
      repository,
      scopes: options.scopes,
      credentials,
      ...(signal === undefined ? {} : { signal })
    })
    if (authorization === null)
      throw new TagproofError('index-answer', `${address} asks for a login, and there is none.`, {
        fix: loginHint(base)
      })
  }

  async function twice<T extends HttpAnswer>(
    request: HttpRequest,
    send: (request: HttpRequest) => Promise<T>,
    drop: (answer: T) => void
  ): Promise<T> {
    const own = new URL(request.url).origin === base.origin
    const accept = request.accept === 'any' ? 'any' : [...(request.accept ?? []), 401]
    for (let attempt = 1; ; attempt += 1) {
      const used = own ? headers() : {}
      const answer = await send({
        ...request,
        headers: { ...request.headers, ...used },
        accept,
        ...(signal === undefined ? {} : { signal })
      })
      if (answer.status !== 401 || attempt === 2 || !own || answer.url.origin !== base.origin) return answer
      drop(answer)
      await renew(used, () => Promise.resolve(answer.headers['www-authenticate']))
    }
  }

  return {
    base,
    repository,
    address,
    url: (kind, name) =>
      `${base.href.replace(/\/+$/, '')}/v2/${repository}/${kind}/${encodeURIComponent(name).replaceAll('%3A', ':')}`,
    open: (request) =>
      twice(
        request,
        (each) => client.open(each),
        ({ stream }) => stream.destroy()
      ),
    read: (request) =>
      twice(
        request,
        (each) => client.read({ ...each, maximumBytes: request.maximumBytes }),
        () => undefined
      ),
    headers,
    renew
  }
}

/** @throws TagproofError `config-invalid` */
export function requireSecure(url: URL): void {
  if (isSecure(url)) return
  throw new TagproofError('config-invalid', `${showUrl(url)} is not secure: images travel over https.`, {
    expected: 'https; plain http for this machine alone',
    fix: 'Name the https address of the registry.'
  })
}
