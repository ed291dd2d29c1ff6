import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { sha256, type Sha256 } from '../../../src/documents/identifiers.ts'
import { downloadFile } from '../../../src/platform/download.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { createHttpClient, type HttpClient, type HttpOptions } from '../../../src/platform/http.ts'

type Answer = (request: http.IncomingMessage, response: http.ServerResponse, count: number) => void

const servers: http.Server[] = []
const clients: HttpClient[] = []
let folder = ''

/** A real server that lies as the test wants; `count` is the number of the request, from 1. */
async function serve(answer: Answer): Promise<string> {
  let count = 0
  const server = http.createServer((request, response) => answer(request, response, (count += 1)))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function client(options: HttpOptions = {}): HttpClient {
  const made = createHttpClient({
    environment: {},
    retryMilliseconds: 1,
    stallMilliseconds: 200,
    attempts: 3,
    ...options
  })
  clients.push(made)
  return made
}

async function failure(work: Promise<unknown>): Promise<TagproofError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown
  )
  if (error instanceof TagproofError) return error
  throw error
}

const content = Buffer.from('0123456789'.repeat(2000))
const hash = (bytes: Buffer): Sha256 => sha256(createHash('sha256').update(bytes).digest('hex'))
const expected = { size: content.length, sha256: hash(content) }
const partial = (): string => path.join(folder, 'file.part')

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tagproof-http-'))
})
afterEach(async () => {
  for (const made of clients.splice(0)) made.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  await rm(folder, { recursive: true, force: true })
})

describe('the HTTP client', () => {
  it.each([429, 500, 502, 503, 504])(
    'tries again after %s, and takes the answer that comes then',
    async (status) => {
      const url = await serve((_request, response, count) => {
        response.writeHead(count < 3 ? status : 200).end('fine')
      })
      const answer = await client().read({ url, maximumBytes: 10 })
      expect(answer.body.toString()).toBe('fine')
    }
  )

  it('waits as long as Retry-After says', async () => {
    const url = await serve((_request, response, count) => {
      if (count === 1) response.writeHead(429, { 'retry-after': '1' }).end()
      else response.end('fine')
    })
    const started = Date.now()
    await client().read({ url, maximumBytes: 10 })
    expect(Date.now() - started).toBeGreaterThanOrEqual(990)
  })

  it('gives up after its attempts, with the status and what the server said', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(503).end('<h1>Down\u001b[31m for\u0007 repairs</h1>')
    })
    const error = await failure(client().read({ url, maximumBytes: 10 }))
    expect(error.code).toBe('index-answer')
    expect(error.message).toMatch(/answered 503 after 3 attempts/)
    expect(error.detail.output).toBe('Down[31m for repairs')
  })

  it('does not repeat what was refused for good', async () => {
    let requests = 0
    const url = await serve((_request, response, count) => {
      requests = count
      response.writeHead(403).end()
    })
    const error = await failure(client().read({ url, maximumBytes: 10 }))
    expect(error.detail.fix).toMatch(/user name and password/)
    expect(requests).toBe(1)
  })

  it('tells a server that is not there', async () => {
    const url = await serve(() => undefined)
    const server = servers.splice(0)[0]
    await new Promise((resolve) => server?.close(resolve))
    const error = await failure(client().read({ url, maximumBytes: 10 }))
    expect(error.code).toBe('network')
    expect(error.detail.found).toMatch(/ECONNREFUSED \(3 attempts\)/)
  })

  it.each<[string, Answer]>([
    ['before its headers', () => undefined],
    [
      'in its body',
      (_request, response) => void response.writeHead(200, { 'content-length': '10' }).write('12')
    ]
  ])('leaves a server that falls silent %s', async (_when, answer) => {
    const url = await serve(answer)
    const error = await failure(client({ attempts: 2 }).read({ url, maximumBytes: 10 }))
    expect(error.code).toBe('network')
    expect(error.detail.found).toMatch(/fell silent/)
  })

  it('reads no more than it was told', async () => {
    const url = await serve((_request, response) => void response.end(content))
    expect((await failure(client().read({ url, maximumBytes: 100 }))).message).toMatch(/too large/)
  })

  it('follows redirects, but not in circles', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/end') response.end('fine')
      else response.writeHead(302, { location: request.url === '/once' ? '/end' : '/circle' }).end()
    })
    expect((await client().read({ url: `${url}/once`, maximumBytes: 10 })).url.pathname).toBe('/end')
    expect((await failure(client().read({ url: `${url}/circle`, maximumBytes: 10 }))).message).toMatch(
      /more than 10 times/
    )
  })

  it('keeps credentials from another origin and out of every message', async () => {
    const seen: (string | undefined)[] = []
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization, request.headers['x-api-key'] as string | undefined)
      response.writeHead(404).end()
    })
    const url = await serve((request, response) => {
      expect(request.headers.authorization).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`)
      response.writeHead(302, { location: `${other}/x?token=secret` }).end()
    })
    const request = {
      url: url.replace('//', '//me:secret@'),
      headers: { 'x-api-key': 'secret' },
      maximumBytes: 10
    }
    const error = await failure(client().read(request))
    expect(seen).toEqual([undefined, undefined])
    expect(JSON.stringify([error.message, error.detail])).not.toMatch(/secret/)
  })

  it('goes through a proxy, which learns its own credentials alone', async () => {
    const seen: unknown[] = []
    const proxy = await serve((request, response) => {
      seen.push(request.url, request.headers.host, request.headers['proxy-authorization'])
      response.end('from the proxy')
    })
    const environment = { http_proxy: proxy.replace('//', '//p:q@') }
    const answer = await client({ environment }).read({ url: 'http://nowhere.test/x', maximumBytes: 100 })
    expect(answer.body.toString()).toBe('from the proxy')
    expect(seen).toEqual([
      'http://nowhere.test/x',
      'nowhere.test',
      `Basic ${Buffer.from('p:q').toString('base64')}`
    ])
  })

  it('says so when a proxy opens no tunnel, or the certificates cannot be read', async () => {
    const proxy = await serve(() => undefined)
    servers[0]?.on('connect', (_request, socket: NodeJS.WritableStream) =>
      socket.end('HTTP/1.1 407 No\r\n\r\n')
    )
    const refused = await failure(
      client({ environment: { https_proxy: proxy }, attempts: 1 }).read({
        url: 'https://nowhere.test/',
        maximumBytes: 1
      })
    )
    expect(refused.code).toBe('network')
    expect(refused.detail.found).toMatch(/refuses to reach nowhere.test:443/)
    const unreadable = await failure(
      client({ environment: { SSL_CERT_FILE: '/nowhere' }, attempts: 1 }).read({
        url: 'https://nowhere.test/',
        maximumBytes: 1
      })
    )
    expect(unreadable.detail.found).toMatch(/certificates \/nowhere cannot be read/)
  })

  it('stops when asked', async () => {
    const url = await serve(() => undefined)
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 30)
    const error = await failure(
      client({ stallMilliseconds: 5000 }).read({ url, maximumBytes: 1, signal: controller.signal })
    )
    expect(error.code).toBe('cancelled')
  })
})

describe('a download', () => {
  it('is checked and complete', async () => {
    const url = await serve((_request, response) => void response.end(content))
    expect(await downloadFile(client(), url, partial(), expected)).toBe(content.length)
    expect(await readFile(partial())).toEqual(content)
  })

  it('goes on where it was cut, as often as new bytes come', async () => {
    const ranges: (string | undefined)[] = []
    const url = await serve((request, response) => {
      ranges.push(request.headers.range)
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
      response.writeHead(start === 0 ? 200 : 206, {
        'content-length': content.length - start,
        ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` })
      })
      response.write(content.subarray(start, start + 4000), () => setTimeout(() => response.destroy(), 20))
      if (start + 4000 >= content.length) response.end()
    })
    await downloadFile(client({ attempts: 2 }), url, partial(), expected)
    expect(await readFile(partial())).toEqual(content)
    expect(ranges.length).toBeGreaterThanOrEqual(5)
    expect(ranges[1]).toBe('bytes=4000-')
  })

  it('starts over at a server that knows no ranges', async () => {
    await writeFile(partial(), content.subarray(0, 7))
    const url = await serve((_request, response) => void response.end(content))
    await downloadFile(client(), url, partial(), expected)
    expect(await readFile(partial())).toEqual(content)
  })

  it.each<[string, Buffer]>([
    ['of a beginning that was something else', Buffer.from('x'.repeat(50))],
    ['of more than the whole', Buffer.concat([content, content])],
    ['of as many bytes, but others', Buffer.alloc(content.length)]
  ])('makes nothing %s', async (_what, beginning) => {
    await writeFile(partial(), beginning)
    const url = await serve((request, response) => {
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
      if (start > 0)
        response.writeHead(206, { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` })
      response.end(content.subarray(start))
    })
    await downloadFile(client(), url, partial(), expected)
    expect(await readFile(partial())).toEqual(content)
  })

  it.each<[string, Answer, string]>([
    [
      'other bytes of the same size',
      (_request, response) => void response.end(Buffer.alloc(content.length)),
      'hash'
    ],
    ['a longer file', (_request, response) => void response.end(Buffer.concat([content, content])), 'size'],
    [
      'a longer file without saying so',
      (_request, response) => void (response.write(content), response.end('x')),
      'size'
    ],
    ['a shorter file', (_request, response) => void response.end('x'), 'size'],
    [
      'a page of HTML',
      (_request, response) =>
        void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
      'size'
    ],
    [
      'a range of another file',
      (_request, response) => void response.writeHead(206, { 'content-range': 'bytes 0-4/5' }).end('12345'),
      'size'
    ]
  ])('is refused when the server sends %s, and leaves nothing', async (_what, answer, why) => {
    const url = await serve(answer)
    const error = await failure(downloadFile(client(), url, partial(), expected))
    expect(error.code).toBe('hash-mismatch')
    expect(error.message).toContain(`(${why})`)
    expect((await stat(partial())).size).toBe(0)
  })

  it('of a server that always cuts at the same byte ends after its attempts', async () => {
    let requests = 0
    const url = await serve((_request, response, count) => {
      requests = count
      response.writeHead(200, { 'content-length': content.length })
      response.write(content.subarray(0, 10), () => setTimeout(() => response.destroy(), 5))
    })
    const error = await failure(downloadFile(client(), url, partial(), expected))
    expect(error.code).toBe('network')
    expect(requests).toBe(4)
  })

  it('of an empty file works', async () => {
    const url = await serve((_request, response) => void response.end())
    expect(await downloadFile(client(), url, partial(), { size: 0, sha256: hash(Buffer.alloc(0)) })).toBe(0)
  })
})
