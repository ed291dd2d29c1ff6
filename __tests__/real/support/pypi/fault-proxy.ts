import http from 'node:http'
import type { AddressInfo } from 'node:net'

/** What happens to one request on its way, and once only, unless it says otherwise. */
export const faultKinds = {
  reset: 'the connection breaks before anything is read',
  down: 'from here on every connection is refused',
  'cut-request-start': 'the connection breaks after the first byte of the body',
  'cut-request-middle': 'the connection breaks in the middle of the body',
  'cut-request-end': 'the connection breaks before the last byte of the body',
  'lost-answer': 'the request is served, and the connection breaks before the answer',
  'lost-answers': 'the same, and for every such request that follows',
  'cut-head': 'the answer breaks off in its first line',
  'cut-body': 'the answer breaks off in the middle of its body',
  'error-before': '503, and the request never arrives',
  'error-after': '502, and the request was served',
  'errors-after': 'the same, and for every such request that follows',
  limited: '429 with Retry-After',
  'slow-before': 'silence, and the request never arrives',
  'slow-after': 'silence, and the request was served',
  'late-arrival': 'the connection breaks; the request arrives before the next of its kind',
  'false-success': '200 with nothing in it, and the request never arrives',
  'wrong-json': '200 with JSON of another kind, and the request was served',
  'no-json': '200 with a page for people, and the request was served',
  elsewhere: '307 to another host, which answers 404 to everything',
  loop: '302 to the same address',
  'expired-token': 'the clock of the index goes on by 15 minutes',
  'client-ahead': 'the clock of the client jumps ahead by an hour',
  'client-behind': 'the clock of the client falls back by an hour'
} as const
export type FaultKind = keyof typeof faultKinds

export interface Fault {
  kind: FaultKind
  /** Number of the request, from 0. */
  request: number
}

/**
 * Kinds that pass by themselves: one of them, once, is no reason for a release to fail. Silence would be one of them; but the
 * tests give up after so short a time that a busy machine is silent by itself.
 */
export function passes(kind: FaultKind): boolean {
  return /^(reset|cut-|lost-answer$|error-|limited|late-|client-)/.test(kind)
}

/** Whether a kind is another one for this request than the rest: what has no body cannot break off in it. */
export function applies(kind: FaultKind, { line, bytes }: FaultProxy['seen'][number]): boolean {
  if (kind.startsWith('cut-request')) return bytes > 0
  return kind !== 'late-arrival' || !line.startsWith('GET ')
}

export interface FaultProxy {
  /** Addresses to be used in place of those of the servers behind. */
  index: URL
  identity: URL
  /** `METHOD path` of each request that came, with the number of bytes of its body, and the file in it. */
  seen: { line: string; bytes: number; file: string | null }[]
  /** What arrived at the other host: lines with `authorization` or a body would be a leak. */
  elsewhere: { line: string; authorization: boolean; bytes: number }[]
  close: () => Promise<void>
}

interface Struck {
  fault: Fault | null
  /** Called when the fault is one of a clock. */
  turnClock?: (kind: FaultKind) => void
  /** Called when a request has come, and when it was served, before the answer goes back. */
  onRequest?: (number: number, moment: 'came' | 'served') => Promise<void> | void
}

export interface Behind extends Struck {
  index: string
  identity: string
}

/** Between a client and an index with its issuer. */
export async function startFaultProxy({ index, identity, ...struck }: Behind): Promise<FaultProxy> {
  const { through, ...proxy } = await startFaultProxies({ ...struck, upstreams: [index, identity] })
  return { ...proxy, index: new URL(through(index)), identity: new URL(through(identity)) }
}

export interface FaultProxies extends Omit<FaultProxy, 'index' | 'identity'> {
  /** The origin to use in place of one of the servers. */
  through: (upstream: string) => string
}

/**
 * Between a client and many servers, with real sockets: counts requests over all of them and does to one what the fault says.
 * A server that only an answer leads to gets a place of its own.
 */
export async function startFaultProxies(
  behind: Struck & { upstreams: readonly string[] }
): Promise<FaultProxies> {
  const seen: FaultProxy['seen'] = []
  const elsewhere: FaultProxy['elsewhere'] = []
  const held: Held[] = []
  const agent = new http.Agent({ keepAlive: true })
  let struck = ''
  const other = await listen(async (request, response) => {
    const { length } = await bodyOf(request)
    const authorization = request.headers.authorization !== undefined
    elsewhere.push({ line: `${request.method ?? ''} ${request.url ?? ''}`, authorization, bytes: length })
    response.writeHead(404).end()
  })

  async function serve(
    upstream: string,
    request: http.IncomingMessage,
    response: http.ServerResponse
  ): Promise<void> {
    const number = seen.length
    const line = `${request.method ?? ''} ${request.url ?? ''}`
    const record: FaultProxy['seen'][number] = { line, bytes: 0, file: null }
    seen.push(record)
    const { fault } = behind
    const hit = fault?.request === number
    if (hit) struck = line
    const again = struck === line && /^(lost-answers|errors-after)$/.test(fault?.kind ?? '')
    const kind = fault !== null && (hit || again) ? fault.kind : null
    if (kind === 'reset') {
      request.socket.destroy()
      return
    }
    const body = await bodyOf(request)
    record.bytes = body.length
    record.file = /filename="([^"]*)"/.exec(body.toString('latin1'))?.[1] ?? null
    const whole: Held = { agent, upstream, request, body }
    if (kind === 'late-arrival') {
      held.push(whole)
      request.socket.destroy()
      return
    }
    if (struck === line) for (const late of held.splice(0)) await forward(late)
    await behind.onRequest?.(number, 'came')
    if (kind === null || /^(expired-token|client-)/.test(kind)) {
      if (kind !== null) behind.turnClock?.(kind)
      const answer = await forward(whole)
      await behind.onRequest?.(number, 'served')
      deliver(await led(answer), response)
      return
    }
    await strike(kind, whole, response)
  }

  /** An answer that leads to another server on the loopback leads through us. */
  async function led(answer: Answer): Promise<Answer> {
    const { location } = answer.headers
    const target = location?.startsWith('http://127.0.0.1:') === true ? new URL(location) : null
    if (location === undefined || target === null || origins.has(target.origin)) return answer
    await placeFor(target.origin)
    return {
      ...answer,
      headers: { ...answer.headers, location: location.replace(target.origin, through(target.origin)) }
    }
  }

  async function strike(kind: FaultKind, whole: Held, response: http.ServerResponse): Promise<void> {
    const { body, request } = whole
    const { socket } = request
    const say = (status: number, headers: http.OutgoingHttpHeaders, text = ''): void =>
      void response.writeHead(status, headers).end(text)
    const json = { 'content-type': 'application/json' }
    if (/^(cut-request|lost-answer|error.?-after|slow-after|cut-|wrong|no-json)/.test(kind)) {
      const part = {
        'cut-request-start': 1,
        'cut-request-middle': body.length >> 1,
        'cut-request-end': body.length - 1
      }
      const cut = (part as Partial<Record<FaultKind, number>>)[kind]
      const answer = await forward(whole, cut)
      if (kind === 'cut-body' && answer.body.length > 1) {
        response.writeHead(answer.status, answer.headers)
        response.write(answer.body.subarray(0, answer.body.length >> 1), () => socket.destroy())
        return
      }
      if (kind === 'cut-head' || kind === 'cut-body')
        return void socket.write('HTTP/1.1 2', () => socket.destroy())
      if (cut !== undefined || kind.startsWith('lost')) return void socket.destroy()
      if (kind.startsWith('error')) say(502, { 'content-type': 'text/html' }, '<h1>Bad gateway</h1>')
      else if (kind === 'wrong-json') say(200, json, '{"files":{},"urls":7,"value":null,"token":[]}')
      else if (kind === 'no-json') say(200, { 'content-type': 'text/html' }, '<p>Please log in</p>')
      // Else silence, until the client gives up.
    } else if (kind === 'down') {
      for (const server of servers) void server.stop()
    } else if (kind === 'error-before') say(503, {}, 'upstream is away')
    else if (kind === 'limited') say(429, { 'retry-after': '0' })
    else if (kind === 'false-success') say(200, json)
    else if (kind === 'elsewhere') say(307, { location: new URL(request.url ?? '/', other.url).href })
    else if (kind === 'loop') say(302, { location: request.url ?? '/' })
  }

  /** By the server behind it. */
  const places = new Map<string, Promise<Listening>>()
  const servers: Listening[] = []
  const origins = new Set<string>()
  const urls = new Map<string, string>()
  async function placeFor(upstream: string): Promise<void> {
    const { origin } = new URL(upstream)
    const place = places.get(origin) ?? listen((...both) => serve(origin, ...both))
    places.set(origin, place)
    const listening = await place
    if (origins.has(listening.url.origin)) return
    servers.push(listening)
    origins.add(listening.url.origin)
    urls.set(origin, listening.url.origin)
  }
  function through(upstream: string): string {
    const url = urls.get(new URL(upstream).origin)
    if (url === undefined) throw new Error(`no place before ${upstream}`)
    return url
  }
  for (const upstream of behind.upstreams) await placeFor(upstream)
  return {
    through,
    seen,
    elsewhere,
    close: async () => {
      agent.destroy()
      await Promise.all([...servers, other].map((server) => server.stop()))
    }
  }
}

type Listening = Awaited<ReturnType<typeof listen>>

interface Held {
  agent: http.Agent
  upstream: string
  request: http.IncomingMessage
  body: Buffer
}

interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  body: Buffer
}

/** Sends a request on, as it came; with `cut` only that many bytes of its body, and then the connection breaks. */
function forward({ agent, upstream, request, body }: Held, cut?: number): Promise<Answer> {
  const lost: Answer = { status: 0, headers: {}, body: Buffer.alloc(0) }
  return new Promise((resolve, reject) => {
    const { method, headers } = request
    const url = new URL(request.url ?? '/', upstream)
    const plain: http.OutgoingHttpHeaders = {
      ...headers,
      connection: 'keep-alive',
      'content-length': String(body.length)
    }
    delete plain['transfer-encoding']
    const sent = http.request(url, { method: method ?? 'GET', headers: plain, agent }, (answer) => {
      bodyOf(answer).then(
        (bytes) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: bytes }),
        reject
      )
    })
    sent.once('error', (error) => (cut === undefined ? reject(error) : resolve(lost)))
    if (cut === undefined) sent.end(body)
    else sent.write(body.subarray(0, cut), () => sent.destroy())
    if (cut !== undefined) sent.once('close', () => resolve(lost))
  })
}

function deliver({ status, headers, body }: Answer, response: http.ServerResponse): void {
  response.writeHead(status, { ...headers, connection: 'keep-alive' }).end(body)
}

async function bodyOf(stream: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function listen(
  serve: (request: http.IncomingMessage, response: http.ServerResponse) => Promise<void>
): Promise<{ url: URL; stop: () => Promise<void> }> {
  const server = http.createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
