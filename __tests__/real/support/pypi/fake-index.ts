import { createHash } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { inspect } from './archives.ts'
import type { Certificate } from './certificate.ts'
import { burn, mint, type Exchange } from './exchange.ts'
import { FormError, readForm } from './multipart.ts'
import { page } from './pages.ts'
import { jsonPage, Refusal, refusalPage, type Page } from './refusal.ts'
import {
  addProject,
  emptyState,
  normalise,
  type IndexState,
  type Project,
  type Publisher,
  type StoredFile
} from './state.ts'
import { store, upload } from './upload.ts'

export interface FakeIndexOptions {
  /** HTTPS with this certificate. */
  certificate?: Certificate
  /** Issuers whose identity tokens are taken: the `issuer` of an identity provider. */
  issuers?: readonly string[]
  audience?: string
  /** API tokens, by their text: `all` projects of the user, or these. */
  tokens?: Readonly<Record<string, { user?: string; projects?: 'all' | readonly string[] }>>
  /** Reads of each page for which a file that was stored is not shown yet. */
  late?: Partial<StoredFile['hidden']>
  /** PEP 807. */
  discovery?: boolean
  /** Start of the clock in milliseconds; from there it goes on as the real one does. */
  now?: number
}

/** One request as it was, when it had been answered (or broken off: status 0). */
export interface RecordedRequest {
  method: string
  path: string
  status: number
  /** Of the body that came. */
  bytes: number
  agent: string
  /** Of an upload whose form could be read: name and SHA-256 of the file that was sent. */
  file: { name: string; sha256: string } | null
  /** Whether it stored a file. */
  stored: boolean
}

/** A package index on the loopback that follows the documented rules of the one that everybody uses. */
export interface FakeIndex {
  origin: string
  uploadUrl: URL
  simpleUrl: URL
  /** Below it `pypi/NAME/VERSION/json` and `integrity/…`. */
  jsonUrl: URL
  requests: RecordedRequest[]
  /** All that the server holds; a test may change it. */
  state: IndexState
  files: Map<string, StoredFile>
  exchange: Exchange
  project: (name: string, more?: Partial<Omit<Project, 'name'>>) => Project
  /** Registers a publisher for a project that is made if it is not there; or a pending one. */
  publisher: (project: string, more?: Partial<Publisher>, pending?: boolean) => Publisher
  /** Somebody else has published this file. */
  put: (project: string, version: string, name: string, bytes: Buffer) => void
  /** Takes a file away for ever: its name is burned. */
  remove: (name: string) => void
  advance: (milliseconds: number) => void
  /** The next uploads are answered 429. */
  limitNext: (count: number, retryAfterSeconds: number) => void
  close: () => Promise<void>
}

/** The publisher that fits {@link jobClaims}. */
export const defaultPublisher: Publisher = {
  owner: 'octo',
  repository: 'project',
  ownerId: '583231',
  workflow: 'release.yml',
  environment: 'release'
}

export async function startFakeIndex(options: FakeIndexOptions = {}): Promise<FakeIndex> {
  const started = Date.now()
  let offset = (options.now ?? started) - started
  const state = emptyState(() => Date.now() + offset)
  for (const [text, { user = 'maintainer', projects = 'all' }] of Object.entries(options.tokens ?? {}))
    state.tokens.set(text, { kind: 'user', user, projects })
  const { audience = 'pypi', issuers = [] } = options
  const exchange: Exchange = { audience, issuers, enabled: true }
  const hidden = { simple: 0, json: 0, provenance: 0, ...options.late }
  const requests: RecordedRequest[] = []
  let limited = { count: 0, seconds: 0 }

  async function answer(request: http.IncomingMessage, record: RecordedRequest): Promise<Page> {
    const scheme = options.certificate === undefined ? 'http' : 'https'
    const origin = `${scheme}://${request.headers.host ?? ''}`
    const url = new URL(request.url ?? '/', origin)
    const accept = request.headers.accept ?? ''
    if (url.pathname === '/legacy') throw new Refusal(308, 'Permanent Redirect', { location: '/legacy/' })
    if (url.pathname === '/legacy/') {
      if (request.method !== 'POST') throw new Refusal(405, 'Method Not Allowed')
      const form = await readForm(request.headers['content-type'] ?? '', counted(request, record))
      if (form.file !== null) record.file = { name: form.file.filename, sha256: sha256(form.file.bytes) }
      if (limited.count-- > 0)
        throw new Refusal(429, 'Too Many Requests', { 'retry-after': String(limited.seconds) })
      record.stored = upload(state, request.headers.authorization, form, hidden)
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.alloc(0) }
    }
    const body = await collect(counted(request, record))
    if (request.method === 'POST') {
      if (/^\/_\/oidc\/(github\/)?mint-token$/.test(url.pathname)) return mint(state, exchange, body)
      if (url.pathname === '/_/oidc/burn-token') return burn(state, body)
      throw new Refusal(404, 'Not Found')
    }
    if (url.pathname === '/_/oidc/audience')
      return exchange.enabled && issuers.length > 0
        ? jsonPage({ audience })
        : jsonPage({ message: 'Trusted publishing functionality not enabled' }, 403)
    if (url.pathname === '/.well-known/pytp' && options.discovery === true) return discovered(url, origin)
    return page(state, url.pathname, { origin, accept })
  }

  function serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { method = '', url: path = '', headers } = request
    const agent = headers['user-agent'] ?? ''
    const record: RecordedRequest = { method, path, status: 0, bytes: 0, agent, file: null, stored: false }
    requests.push(record)
    answer(request, record)
      .catch((error: unknown) => {
        if (error instanceof Refusal) return refusalPage(error, headers.accept ?? '')
        if (request.destroyed && !request.complete) return null
        const status = error instanceof FormError ? 400 : 500
        return refusalPage(new Refusal(status, (error as Error).message), headers.accept ?? '')
      })
      .then((made) => {
        if (made === null) return response.destroy()
        record.status = made.status
        // Its own clock, by which clients know how long a token lasts.
        const own = {
          'content-length': String(made.body.length),
          date: new Date(state.now()).toUTCString()
        }
        if (made.reason === undefined) response.writeHead(made.status, { ...made.headers, ...own })
        else response.writeHead(made.status, made.reason, { ...made.headers, ...own })
        return response.end(method === 'HEAD' ? undefined : made.body)
      })
      .catch(() => response.destroy())
  }

  const { certificate } = options
  const server = certificate === undefined ? http.createServer(serve) : https.createServer(certificate, serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin = `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  return {
    origin,
    uploadUrl: new URL('/legacy/', origin),
    simpleUrl: new URL('/simple/', origin),
    jsonUrl: new URL('/', origin),
    requests,
    state,
    files: state.files,
    exchange,
    project: (name, more) => addProject(state, name, more),
    publisher: (name, more = {}, pending = false) => {
      const publisher = { ...defaultPublisher, ...more }
      if (pending) state.pending.push({ ...publisher, project: name })
      else (state.projects.get(normalise(name)) ?? addProject(state, name)).publishers.push(publisher)
      return publisher
    },
    put: (project, version, name, bytes) => {
      const filetype = name.endsWith('.whl') ? 'bdist_wheel' : 'sdist'
      const { metadata } = inspect(name, bytes)
      const file = { name, project: normalise(project), version, filetype, fields: [], bytes } as const
      const there = state.projects.get(normalise(project)) ?? addProject(state, project)
      store(state, there, { ...file, metadata, provenance: null, hidden })
    },
    remove: (name) => {
      state.files.delete(name)
      state.deleted.add(name)
    },
    advance: (milliseconds) => {
      offset += milliseconds
    },
    limitNext: (count, seconds) => {
      limited = { count, seconds }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

/** PEP 807: asked by the path of the upload URL. */
function discovered(url: URL, origin: string): Page {
  if (url.searchParams.get('discover') !== '/legacy/') throw new Refusal(404, 'Not Found')
  const endpoints = {
    'audience-endpoint': `${origin}/_/oidc/audience`,
    'token-mint-endpoint': `${origin}/_/oidc/mint-token`,
    features: ['multi-use-token']
  }
  return jsonPage(endpoints, 200, 'application/vnd.pypi.pytp.v1+json')
}

async function* counted(request: http.IncomingMessage, record: RecordedRequest): AsyncGenerator<Buffer> {
  for await (const chunk of request as AsyncIterable<Buffer>) {
    record.bytes += chunk.length
    yield chunk
  }
}

async function collect(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
