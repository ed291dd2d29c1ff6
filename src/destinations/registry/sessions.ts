import type { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { openSession, type RegistrySession } from '../../platform/registry/session.ts'
import type { RegistryRequest } from './destination.ts'
import { loginRefused } from './refusals.ts'
import { isLoopback } from '../../platform/http-rules.ts'

/** The repositories of one registry that a release goes to. */
export interface Sessions {
  of(repository: string): Promise<RegistrySession>
  /** The same without a login. */
  anonymous(repository: string): Promise<RegistrySession>
  /** Where a blob may be already: with the base image that it is of, or in another repository of the release. */
  mountFrom(repository: string): (digest: string) => string[]
}

type Wanted = Pick<RegistryRequest, 'base' | 'images' | 'credentials' | 'bases' | 'http' | 'signal'>

/** Opens each repository when it is asked for, and once. */
export function openSessions(request: Wanted): Sessions {
  const { images, http: client, bases = new Map<string, string>() } = request
  const opened = new Map<string, Promise<RegistrySession>>()
  const signalled = request.signal === undefined ? {} : { signal: request.signal }
  let base: Promise<URL> | null = null
  const place = (): Promise<URL> => (base ??= registryOf(request.base, client, request.signal))

  function siblings(repository: string): string[] {
    return [...new Set(images.map((image) => image.repository))].filter((other) => other !== repository)
  }

  async function open(repository: string): Promise<RegistrySession> {
    const origin = await place()
    const others = [...new Set([...bases.values(), ...siblings(repository)])]
    const scopes = [
      `repository:${repository}:pull,push`,
      ...others.filter((other) => other !== repository).map((other) => `repository:${other}:pull`)
    ]
    const credentials = (): ReturnType<RegistryRequest['credentials']> => request.credentials(origin)
    const refused = (failure: TagproofError): TagproofError => {
      const words = [failure.message, failure.detail.found].filter((text) => text !== undefined).join(' ')
      return loginRefused({ address: `${origin.host}/${repository}`, base: origin }, words, failure)
    }
    return openSession({ base: origin, repository, client, credentials, scopes, refused, ...signalled })
  }

  return {
    of(repository) {
      const session = opened.get(repository) ?? open(repository)
      opened.set(repository, session)
      return session
    },
    async anonymous(repository) {
      const scopes = [`repository:${repository}:pull`]
      const credentials = (): Promise<null> => Promise.resolve(null)
      return openSession({ base: await place(), repository, client, credentials, scopes, ...signalled })
    },
    mountFrom: (repository) => (digest) => {
      const base = bases.get(digest)
      const sharing = images.filter(({ image }) => image.blobs.some((blob) => blob.digest === digest))
      const all = [...(base === undefined ? [] : [base]), ...sharing.map((one) => one.repository)]
      return [...new Set(all)].filter((other) => other !== repository)
    }
  }
}

/**
 * Where a domain has its registry: there, or on the host `registry-1` beside it, as the oldest of them has it. A host with a
 * port, an address, or this machine is what it is.
 */
async function registryOf(base: URL, client: HttpClient, signal: AbortSignal | undefined): Promise<URL> {
  if (isLoopback(base) || base.port !== '' || !/[a-z]/i.test(base.hostname)) return base
  const speaks = async (url: URL): Promise<boolean> => {
    const place = new URL('/v2/', url)
    const signalled = signal === undefined ? {} : { signal }
    const answer = await client
      .open({ url: place, accept: 'any', attempts: 2, ...signalled })
      .catch(() => null)
    answer?.stream.destroy()
    return answer !== null && (answer.status === 200 || answer.status === 401)
  }
  if (await speaks(base)) return base
  const beside = new URL(base)
  beside.hostname = `registry-1.${base.hostname}`
  return (await speaks(beside)) ? beside : base
}
