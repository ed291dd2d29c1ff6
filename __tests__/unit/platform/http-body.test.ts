import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { TagproofError } from '../../../src/platform/errors.ts'
import { createHttpClient, type HttpClient } from '../../../src/platform/http.ts'

const servers: http.Server[] = []
const clients: HttpClient[] = []

async function serve(answer: http.RequestListener): Promise<string> {
  const server = http.createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

function client(stallMilliseconds = 2000): HttpClient {
  const made = createHttpClient({ environment: {}, retryMilliseconds: 1, stallMilliseconds })
  clients.push(made)
  return made
}

/** Far more than the buffers of two sockets hold. */
const pieceCount = 256
const piece = Buffer.alloc(64 * 1024, 'x')
const length = String(pieceCount * piece.length)

function body(sent: { pieces: number }, fails = Infinity): () => Readable {
  return () => Readable.from(pieces(sent, fails), { objectMode: false })
}

function* pieces(sent: { pieces: number }, fails: number): Generator<Buffer> {
  for (let count = 0; count < pieceCount; count += 1) {
    if (count === fails) throw new TagproofError('hash-mismatch', 'It changed.')
    sent.pieces += 1
    yield piece
  }
}

afterEach(async () => {
  for (const made of clients.splice(0)) made.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

describe('a body that is a stream', () => {
  it('arrives whole, with the length that was said', async () => {
    const received = { bytes: 0, length: '' }
    const url = await serve((request, response) => {
      received.length = String(request.headers['content-length'])
      request.on('data', (data: Buffer) => (received.bytes += data.length))
      request.on('end', () => response.end('fine'))
    })
    const sent = { pieces: 0 }
    const answer = await client().read({
      url,
      method: 'POST',
      headers: { 'content-length': length },
      body: body(sent),
      attempts: 1,
      maximumBytes: 100
    })
    expect(answer.body.toString()).toBe('fine')
    expect([received.length, String(received.bytes)]).toEqual([length, length])
  })

  it.each<[string, (request: http.IncomingMessage, response: http.ServerResponse) => void]>([
    [
      'and closes',
      (request, response) =>
        response.writeHead(403, { connection: 'close' }).end('not you', () => request.socket.destroySoon())
    ],
    ['and waits for the rest', (_request, response) => response.writeHead(403).end('not you')]
  ])('is heard out by a client whose server refuses at once %s', async (_how, answer) => {
    const url = await serve(answer)
    const sent = { pieces: 0 }
    const { status, statusText, stream } = await client().open({
      url,
      method: 'POST',
      headers: { 'content-length': length },
      body: body(sent),
      attempts: 1,
      accept: 'any'
    })
    expect([status, statusText]).toEqual([403, 'Forbidden'])
    expect((await stream.toArray()).join('')).toBe('not you')
    expect(sent.pieces).toBeLessThan(pieceCount)
  })

  it('is read no faster than the server takes it', async () => {
    const sent = { pieces: 0 }
    const held = { pieces: 0 }
    const url = await serve((request, response) => {
      const wait = async (): Promise<void> => {
        // Until nothing more fits into the buffers of the two sockets.
        for (let still = 0; still < 500; still = sent.pieces > held.pieces ? 0 : still + 1) {
          held.pieces = sent.pieces
          await nextTurn()
        }
        request.resume()
      }
      request.on('end', () => response.end('fine'))
      void wait()
    })
    await client().read({
      url,
      method: 'POST',
      headers: { 'content-length': length },
      body: body(sent),
      attempts: 1,
      maximumBytes: 100
    })
    expect(held.pieces).toBeLessThan(pieceCount)
    expect(sent.pieces).toBe(pieceCount)
  })

  it('ends the request with its own error, and is never whole at the server', async () => {
    const received = { bytes: 0, ended: false }
    const closed = { now: (): void => undefined }
    const over = new Promise<void>((resolve) => (closed.now = resolve))
    const url = await serve((request) => {
      request.on('data', (data: Buffer) => (received.bytes += data.length))
      request.on('end', () => (received.ended = true))
      request.on('error', () => undefined)
      request.on('close', () => closed.now())
    })
    const work = client().open({
      url,
      method: 'POST',
      headers: { 'content-length': length },
      body: body({ pieces: 0 }, pieceCount - 1),
      attempts: 1
    })
    await expect(work).rejects.toMatchObject({ code: 'hash-mismatch' })
    await over
    expect(received.ended).toBe(false)
    expect(received.bytes).toBeLessThan(Number(length))
  })

  it('is not sent to where a redirect leads, if the caller takes any answer', async () => {
    const url = await serve((request, response) => {
      request.resume()
      request.on('end', () => response.writeHead(308, { location: '/elsewhere' }).end())
    })
    const { status, headers, stream } = await client().open({
      url,
      method: 'POST',
      body: Buffer.from('x'),
      attempts: 1,
      accept: 'any'
    })
    stream.destroy()
    expect([status, headers.location]).toEqual([308, '/elsewhere'])
  })

  it('gives a server more time where the caller has patience', async () => {
    const url = await serve((request, response) => {
      request.resume()
      request.on('end', () => setTimeout(() => response.end('fine'), 250))
    })
    const post = (patience: number): Promise<unknown> =>
      client(100).read({
        url,
        method: 'POST',
        body: Buffer.from('x'),
        attempts: 1,
        patience,
        maximumBytes: 10
      })
    await expect(post(1)).rejects.toMatchObject({ code: 'network' })
    await expect(post(5)).resolves.toMatchObject({ status: 200 })
  })
})
