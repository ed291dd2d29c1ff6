import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import tls from 'node:tls'
import type { Readable } from 'node:stream'
import { TagproofError } from './errors.ts'
import { sendBody } from './http-body.ts'
import { proxyFor, showUrl, splitCredentials } from './http-rules.ts'

/** One exchange on the wire: proxy, certificates, time-out. It knows no retry and no redirect. */

type Variables = Readonly<Record<string, string | undefined>>

export interface Exchange {
  url: URL
  method: string
  headers: Readonly<Record<string, string>>
  body: Uint8Array | (() => Readable) | undefined
  /** Longest silence on the connection, in milliseconds. */
  stallMilliseconds: number
  signal: AbortSignal | undefined
}

export interface Connector {
  /** Sends a request; resolves when the headers of the answer are there. */
  exchange(request: Exchange): Promise<http.IncomingMessage>
  close(): void
}

/** Variables that name a file of certificates which count besides the built-in ones. */
const certificateVariables = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'PIP_CERT'
]

export function createConnector(environment: Variables): Connector {
  const plain = new http.Agent({ keepAlive: true, maxSockets: 16 })
  let secureContext: tls.SecureContext | undefined
  let secure: https.Agent | undefined
  const tlsOptions = (): tls.SecureContext => (secureContext ??= makeSecureContext(environment))
  return {
    async exchange(request) {
      const proxy = proxyFor(request.url, environment)
      if (request.url.protocol === 'https:') {
        if (proxy !== null) {
          const socket = await openTunnel(proxy, request, tlsOptions())
          // Without an agent: any agent, a fresh one too, would connect by itself and past the tunnel.
          return send(https, request, { createConnection: () => socket })
        }
        secure ??= new https.Agent({ keepAlive: true, maxSockets: 16, secureContext: tlsOptions() })
        return send(https, request, { agent: secure })
      }
      return proxy === null ? send(http, request, { agent: plain }) : sendThroughProxy(proxy, request, plain)
    },
    close() {
      plain.destroy()
      secure?.destroy()
    }
  }
}

function makeSecureContext(environment: Variables): tls.SecureContext {
  const extra: string[] = []
  for (const name of new Set(certificateVariables.map((variable) => environment[variable]))) {
    if (name === undefined || name === '') continue
    try {
      extra.push(readFileSync(name, 'utf8'))
    } catch (error) {
      throw new TagproofError('network', `The file of certificates ${name} cannot be read.`, {
        fix: `Correct the variable that names it (${certificateVariables.join(', ')}).`,
        cause: error
      })
    }
  }
  return tls.createSecureContext(extra.length === 0 ? {} : { ca: [...tls.rootCertificates, ...extra] })
}

function send(
  library: typeof http | typeof https,
  request: Exchange,
  options: http.RequestOptions & { path?: string }
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = library.request(request.url, {
      method: request.method,
      headers: request.headers,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...options
    })
    outgoing.setTimeout(request.stallMilliseconds, () => outgoing.destroy(stalled(request)))
    outgoing.once('response', resolve)
    outgoing.on('error', reject)
    if (typeof request.body === 'function') void sendBody(request.body(), outgoing)
    else outgoing.end(request.body)
  })
}

function stalled(request: Exchange): Error {
  return new TagproofError(
    'network',
    `${showUrl(request.url)} fell silent for ${request.stallMilliseconds / 1000} s.`
  )
}

function sendThroughProxy(proxy: URL, request: Exchange, agent: http.Agent): Promise<http.IncomingMessage> {
  const { authorization } = splitCredentials(proxy)
  const headers = {
    ...request.headers,
    host: request.url.host,
    ...(authorization === undefined ? {} : { 'proxy-authorization': authorization })
  }
  return send(
    http,
    { ...request, headers },
    {
      agent,
      hostname: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port === '' ? 80 : Number(proxy.port),
      path: request.url.href
    }
  )
}

/** CONNECT (RFC 9110 section 9.3.6), then TLS with the real server inside. */
function openTunnel(proxy: URL, request: Exchange, secureContext: tls.SecureContext): Promise<tls.TLSSocket> {
  const { authorization } = splitCredentials(proxy)
  const target = `${request.url.hostname}:${request.url.port === '' ? '443' : request.url.port}`
  const library = proxy.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const connect = library.request({
      hostname: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : Number(proxy.port),
      method: 'CONNECT',
      path: target,
      headers: {
        host: target,
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization })
      },
      agent: false,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...(proxy.protocol === 'https:' ? { secureContext } : {})
    })
    connect.setTimeout(request.stallMilliseconds, () => connect.destroy(stalled(request)))
    connect.once('error', reject)
    connect.once('connect', (answer, socket) => {
      if (answer.statusCode !== 200) {
        socket.destroy()
        reject(
          new TagproofError('network', `The proxy ${showUrl(proxy)} refuses to reach ${target}.`, {
            found: `status ${String(answer.statusCode)}`
          })
        )
        return
      }
      socket.setTimeout(0)
      const inner = tls.connect({ socket, servername: request.url.hostname, secureContext })
      inner.once('error', reject)
      inner.once('secureConnect', () => resolve(inner))
    })
    connect.end()
  })
}
