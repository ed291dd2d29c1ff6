import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { digestOf } from '../registry.ts'
import { FakeLogin, type FakeLoginOptions } from './fake-login.ts'
import {
  referrersPage,
  type FakeState,
  type StoredManifest,
  takeManifest,
  Refusal
} from './fake-manifests.ts'
import { FakeUploads } from './fake-uploads.ts'

/** What a strict registry can be like. */
export interface FakeOptions extends FakeLoginOptions {
  /** Tags that exist are never set again. */
  immutable?: boolean
  /** Answers name no digest. */
  silent?: boolean
  /** Uploads go to another server, which takes no login. */
  elsewhere?: boolean
  /** Locations are relative. */
  relative?: boolean
  /** Smallest part of a chunked upload, the last apart. */
  minimum?: number
  /** Largest body of a request to upload. */
  largest?: number
  /** Takes no parts at all. */
  wholeOnly?: boolean
  /** Keeps lists of referrers. */
  referrers?: boolean
  /** Never mounts. */
  mountless?: boolean
}

export interface FakeRegistry {
  origin: string
  /** Host and port. */
  host: string
  /** `METHOD path` with the status, the bytes of its body if it is an upload, and who sent it. */
  requests: { line: string; status: number; bytes: number; agent: string }[]
  state: FakeState
  login: FakeLogin
  uploads: FakeUploads
  /** What arrived at the other server: lines, and whether they had a login. */
  elsewhere: { line: string; authorization: boolean }[]
  /** What a user gets for tags: `repository:tag` → digest of the bytes that are given out. */
  content: () => Record<string, string>
  /** Digests whose bytes are given out otherwise. */
  lies: Map<string, Buffer>
  /** Digests whose bytes break off in the middle, that many times. */
  truncated: Map<string, number>
  /** The next so many requests of this kind are too many. */
  limitNext: (count: number, pattern: RegExp, retryAfter?: string) => void
  /** The next such upload breaks after so many bytes. */
  breakNext: (pattern: RegExp, afterBytes: number) => void
  /** The next request of this kind is sent on: to the same place, or to the other server. */
  redirectNext: (pattern: RegExp, to: 'same' | 'other', status?: number) => void
  /** What is done before a request is served, once. */
  before: (pattern: RegExp, act: () => void) => void
  close: () => Promise<void>
}

/** A registry in memory that keeps strictly to the distribution specification, with real sockets. */
export async function startFakeRegistry(options: FakeOptions = {}): Promise<FakeRegistry> {
  const state: FakeState = { blobs: new Map(), repositories: new Map(), writes: [] }
  const uploads = new FakeUploads(options, state)
  const requests: FakeRegistry['requests'] = []
  const elsewhere: FakeRegistry['elsewhere'] = []
  const lies = new Map<string, Buffer>()
  const truncated = new Map<string, number>()
  let limited = { count: 0, pattern: /^$/, retryAfter: '0' }
  let broken: { pattern: RegExp; after: number } | null = null
  let redirect: { pattern: RegExp; to: 'same' | 'other'; status: number } | null = null
  let acts: { pattern: RegExp; act: () => void }[] = []

  const other = await listen(async (request, response, url) => {
    const line = `${request.method ?? ''} ${url.pathname}`
    elsewhere.push({ line, authorization: request.headers.authorization !== undefined })
    if (request.headers.authorization !== undefined)
      throw new Refusal(400, 'UNSUPPORTED', 'a login for another')
    await serveUpload(request, response, url)
  })
  const own = await listen(serve)
  const login = new FakeLogin(options, own.origin)
  uploads.origin = options.elsewhere === true ? other.origin : options.relative === true ? '' : own.origin

  async function serve(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    url: URL
  ): Promise<void> {
    const line = `${request.method ?? ''} ${url.pathname}`
    const record = { line, status: 0, bytes: 0, agent: request.headers['user-agent'] ?? '' }
    requests.push(record)
    response.once('close', () => (record.status = response.statusCode))
    for (const { act } of acts.filter(({ pattern }) => pattern.test(line))) act()
    acts = acts.filter(({ pattern }) => !pattern.test(line))
    if (url.pathname === '/token') return login.give(request, response, url)
    if (limited.count > 0 && limited.pattern.test(line)) {
      limited.count -= 1
      response.setHeader('retry-after', limited.retryAfter)
      throw new Refusal(429, 'TOOMANYREQUESTS', 'slow down')
    }
    if (redirect?.pattern.test(line) === true) {
      const { to, status } = redirect
      redirect = null
      request.resume()
      const location = `${(to === 'same' ? own : other).origin}${url.pathname}${url.search}`
      return void response.writeHead(status, { location }).end()
    }
    if (!login.admit(request, response, url)) return
    const [, repository = '', kind = '', reference = ''] =
      /^\/v2\/([a-z0-9/_.-]+?)\/(blobs|manifests|referrers)\/([^/]+)\/?$/.exec(url.pathname) ?? []
    if (url.pathname === '/v2/') return void response.writeHead(200).end('{}')
    if (url.pathname.includes('/blobs/uploads/')) return serveUpload(request, response, url, record)
    if (repository === '') throw new Refusal(404, 'NAME_UNKNOWN', 'no such page')
    if (kind === 'referrers') {
      referrersPage(state, options, repository, reference, response)
      return
    }
    if (kind === 'blobs') {
      giveBlob(request, response, repository, reference)
      return
    }
    if (request.method === 'PUT')
      return takeManifest(state, options, { request, response, repository, reference })
    giveManifest(request, response, repository, reference)
  }

  async function serveUpload(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    url: URL,
    record = { bytes: 0 }
  ): Promise<void> {
    const line = `${request.method ?? ''} ${url.pathname}`
    const cut = broken?.pattern.test(line) === true ? broken.after : null
    if (cut !== null) broken = null
    await uploads.serve(request, response, url, { cut, record })
  }

  function giveBlob(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    name: string,
    digest: string
  ): void {
    const bytes =
      state.repositories.get(name)?.blobs.has(digest) === true ? state.blobs.get(digest) : undefined
    if (bytes === undefined) throw new Refusal(404, 'BLOB_UNKNOWN', 'no such blob')
    give(request, response, digest, bytes, {})
  }

  function giveManifest(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    name: string,
    reference: string
  ): void {
    const repository = state.repositories.get(name)
    const digest = reference.startsWith('sha256:') ? reference : repository?.tags.get(reference)
    const found: StoredManifest | undefined = repository?.manifests.get(digest ?? '')
    if (digest === undefined || found === undefined)
      throw new Refusal(404, 'MANIFEST_UNKNOWN', 'no such manifest')
    if (!(request.headers.accept ?? '').includes(found.mediaType))
      throw new Refusal(404, 'MANIFEST_UNKNOWN', 'none of an accepted type')
    give(request, response, digest, found.bytes, {
      'content-type': found.mediaType,
      etag: `"${digest}"`,
      ...(options.silent === true ? {} : { 'docker-content-digest': digest })
    })
  }

  function give(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    digest: string,
    stored: Buffer,
    headers: http.OutgoingHttpHeaders
  ): void {
    const bytes = lies.get(digest) ?? stored
    response.writeHead(200, { ...headers, 'content-length': bytes.length })
    if (request.method === 'HEAD') return void response.end()
    const left = truncated.get(digest) ?? 0
    if (left === 0) return void response.end(bytes)
    truncated.set(digest, left - 1)
    response.write(bytes.subarray(0, bytes.length >> 1), () => request.socket.destroy())
  }

  return {
    origin: own.origin,
    host: new URL(own.origin).host,
    requests,
    state,
    login,
    uploads,
    redirectNext: (pattern, to, status = 307) => (redirect = { pattern, to, status }),
    elsewhere,
    content: () => {
      const found: Record<string, string> = {}
      for (const [name, { tags, manifests }] of state.repositories)
        for (const [tag, digest] of tags)
          found[`${name}:${tag}`] = digestOf(lies.get(digest) ?? manifests.get(digest)?.bytes ?? '')
      return found
    },
    lies,
    truncated,
    limitNext: (count, pattern, retryAfter = '0') => {
      limited = { count, pattern, retryAfter }
    },
    breakNext: (pattern, afterBytes) => {
      broken = { pattern, after: afterBytes }
    },
    before: (pattern, act) => {
      acts.push({ pattern, act })
    },
    close: async () => {
      await Promise.all([own.stop(), other.stop()])
    }
  }
}

type Serve = (request: http.IncomingMessage, response: http.ServerResponse, url: URL) => Promise<void>

async function listen(serve: Serve): Promise<{ origin: string; stop: () => Promise<void> }> {
  const server = http.createServer((request, response) => {
    serve(request, response, new URL(request.url ?? '/', 'http://127.0.0.1')).catch((error: unknown) => {
      if (request.destroyed && !request.complete) return response.destroy()
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'UNKNOWN', String(error))
      const errors = [{ code: refusal.code, message: refusal.message, detail: refusal.detail }]
      response.writeHead(refusal.status, { 'content-type': 'application/json' })
      return response.end(request.method === 'HEAD' ? undefined : JSON.stringify({ errors }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
