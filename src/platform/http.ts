import type http from 'node:http'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { TagproofError } from './errors.ts'
import { createConnector, type Connector } from './http-connection.ts'
import {
  headersForOrigin,
  isPassingStatus,
  isRedirect,
  redirectTarget,
  retryDelay,
  showUrl,
  splitCredentials
} from './http-rules.ts'

/** The one HTTP client. Every request of the program goes through here. */

export interface HttpRequest {
  /** May carry a user name and password; they go to this origin alone. */
  url: string | URL
  method?: string
  headers?: Readonly<Record<string, string>>
  /** Bytes, or a function that opens the same stream again for every attempt. */
  body?: Uint8Array | (() => Readable)
  /** Statuses besides 2xx that the caller understands. Others become an error. `any`: redirects too are the caller's. */
  accept?: readonly number[] | 'any'
  /** Attempts in all; 1 for what must not be sent twice. */
  attempts?: number
  /** How many times longer than others this server may be silent: what it does with the body takes it long. */
  patience?: number
  signal?: AbortSignal
}

export interface HttpAnswer {
  status: number
  /** What stands behind the status in the first line of the answer. */
  statusText: string
  headers: http.IncomingHttpHeaders
  /** The URL that answered in the end, without credentials. */
  url: URL
}

export interface HttpClient {
  /** Opens an answer; its stream must be read to the end or destroyed. */
  open(request: HttpRequest): Promise<HttpAnswer & { stream: Readable }>
  /** Reads a whole answer into memory, at most `maximumBytes` of it. */
  read(request: HttpRequest & { maximumBytes: number }): Promise<HttpAnswer & { body: Buffer }>
  /** What the client waits before attempt `attempt + 1`; the download of files uses it too. */
  pause(attempt: number, retryAfter: string | undefined, signal?: AbortSignal): Promise<void>
  readonly attempts: number
  close(): void
}

export interface HttpOptions {
  /** Where proxy and certificate variables are looked up. */
  environment?: Readonly<Record<string, string | undefined>>
  attempts?: number
  /** First wait between two attempts; it doubles. */
  retryMilliseconds?: number
  /** Longest silence on a connection. */
  stallMilliseconds?: number
  connector?: Connector
}

const mostRedirects = 10
const defaultAttempts = 5
const defaultRetryMilliseconds = 500
const defaultStallMilliseconds = 30_000
export const userAgent = 'tagproof'

/**
 * @returns a client whose errors are TagproofError `network` (no answer, after all attempts), `index-answer`
 *   (an answer that cannot be right: a status that was not expected, a bad redirect, too many bytes) and
 *   `cancelled`. No message ever holds credentials or a query.
 */
export function createHttpClient(options: HttpOptions = {}): HttpClient {
  const environment = options.environment ?? process.env
  const connector = options.connector ?? createConnector(environment)
  const attempts = options.attempts ?? defaultAttempts
  const pause = async (
    attempt: number,
    retryAfter: string | undefined,
    signal?: AbortSignal
  ): Promise<void> => {
    const wait = retryDelay(
      attempt,
      retryAfter,
      options.retryMilliseconds ?? defaultRetryMilliseconds,
      Date.now(),
      Math.random()
    )
    await sleep(wait, undefined, signal === undefined ? {} : { signal }).catch(() => refuseCancelled(signal))
  }
  const stallMilliseconds = options.stallMilliseconds ?? defaultStallMilliseconds

  async function open(request: HttpRequest): Promise<HttpAnswer & { stream: Readable }> {
    const limit = request.attempts ?? attempts
    for (let attempt = 1; ; attempt += 1) {
      refuseCancelled(request.signal)
      try {
        const { message, url } = await follow(connector, request, stallMilliseconds * (request.patience ?? 1))
        const status = message.statusCode ?? 0
        if ((status >= 200 && status < 300) || isAccepted(request, status)) {
          guardStall(message, url, stallMilliseconds)
          return {
            status,
            statusText: message.statusMessage ?? '',
            headers: message.headers,
            url,
            stream: message
          }
        }
        const excerpt = await readExcerpt(message)
        if (attempt >= limit || !isPassingStatus(status))
          throw unexpectedStatus(url, status, excerpt, attempt)
        await pause(attempt, message.headers['retry-after'], request.signal)
      } catch (error) {
        refuseCancelled(request.signal)
        if (error instanceof TagproofError && error.code !== 'network') throw error
        if (attempt >= limit) throw unreachable(request.url, error, attempt)
        await pause(attempt, undefined, request.signal)
      }
    }
  }

  async function read(
    request: HttpRequest & { maximumBytes: number }
  ): Promise<HttpAnswer & { body: Buffer }> {
    const limit = request.attempts ?? attempts
    for (let attempt = 1; ; attempt += 1) {
      const answer = await open(request)
      try {
        const body = await collect(answer.stream, request.maximumBytes, answer.url)
        const { status, statusText, headers, url } = answer
        return { status, statusText, headers, url, body }
      } catch (error) {
        refuseCancelled(request.signal)
        if (error instanceof TagproofError && error.code !== 'network') throw error
        if (attempt >= limit) throw unreachable(request.url, error, attempt)
        await pause(attempt, undefined, request.signal)
      }
    }
  }

  return { open, read, pause, attempts, close: () => connector.close() }
}

async function follow(
  connector: Connector,
  request: HttpRequest,
  stallMilliseconds: number
): Promise<{ message: http.IncomingMessage; url: URL }> {
  const first = splitCredentials(new URL(request.url))
  let url = first.url
  let method = request.method ?? 'GET'
  let body = request.body
  for (let redirects = 0; ; redirects += 1) {
    const sameOrigin = url.origin === first.url.origin
    const headers = headersForOrigin(
      {
        'user-agent': userAgent,
        // Bytes are hashed as they are: no transfer compression.
        'accept-encoding': 'identity',
        ...(first.authorization === undefined ? {} : { authorization: first.authorization }),
        ...(body instanceof Uint8Array ? { 'content-length': String(body.length) } : {}),
        ...request.headers
      },
      sameOrigin
    )
    const message = await connector.exchange({
      url,
      method,
      headers,
      body,
      stallMilliseconds,
      signal: request.signal
    })
    const status = message.statusCode ?? 0
    if (!isRedirect(status) || isAccepted(request, status)) return { message, url }
    message.destroy()
    if (redirects >= mostRedirects)
      throw new TagproofError(
        'index-answer',
        `${showUrl(request.url)} redirects more than ${mostRedirects} times.`
      )
    url = splitCredentials(redirectTarget(url, message.headers.location)).url
    if (status === 303 || (method === 'POST' && status < 303)) {
      method = 'GET'
      body = undefined
    }
  }
}

function isAccepted({ accept }: HttpRequest, status: number): boolean {
  return accept === 'any' || accept?.includes(status) === true
}

/** A body that stops coming is an error: the time-out of the request ends with its headers. */
function guardStall(message: http.IncomingMessage, url: URL, stallMilliseconds: number): void {
  message.setTimeout(stallMilliseconds, () =>
    message.destroy(
      new TagproofError('network', `${showUrl(url)} fell silent for ${stallMilliseconds / 1000} s.`)
    )
  )
}

async function collect(stream: Readable, maximumBytes: number, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maximumBytes) {
      stream.destroy()
      throw new TagproofError('index-answer', `The answer of ${showUrl(url)} is too large.`, {
        expected: `at most ${maximumBytes} bytes`
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const excerptBytes = 2_000

async function readExcerpt(message: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= excerptBytes) break
    }
  } catch {
    // What could be read is enough for a message.
  }
  message.destroy()
  const text = Buffer.concat(chunks).subarray(0, excerptBytes).toString('utf8')
  // Control characters of a foreign server have no business on a terminal.
  return text
    .replace(/<[^>]*>/g, ' ')
    .replace(/[^\P{C}\n]/gu, '')
    .replace(/[ \t]+/g, ' ')
    .trim()
    .slice(0, 300)
}

function unexpectedStatus(url: URL, status: number, excerpt: string, attempts: number): TagproofError {
  const tried = attempts > 1 ? ` after ${attempts} attempts` : ''
  const login = status === 401 || status === 403 || status === 407
  return new TagproofError('index-answer', `${showUrl(url)} answered ${status}${tried}.`, {
    found: `status ${status}`,
    ...(excerpt === '' ? {} : { output: excerpt }),
    fix: login
      ? 'Check the user name and password (in the URL, or in netrc) for this server.'
      : 'Check the address, or try again later.'
  })
}

function unreachable(url: string | URL, error: unknown, attempts: number): TagproofError {
  const { code, message } = error as { code?: string; message?: string }
  const reason = code ?? message ?? String(error)
  const said = error instanceof TagproofError ? error.message : reason
  return new TagproofError('network', `${showUrl(url)} cannot be reached.`, {
    found: `${said} (${attempts} ${attempts === 1 ? 'attempt' : 'attempts'})`,
    fix: 'Check the network, and the variables HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE.',
    cause: error
  })
}

function refuseCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new TagproofError('cancelled', 'Stopped on request.')
}
