import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FakeIndex } from './fake-index.ts'

export interface Passing {
  method: string
  path: string
  headers: http.IncomingHttpHeaders
  body: Buffer
  /** How many requests of this method and path have come, with this one. */
  count: number
}

export interface Answered {
  status: number
  headers: http.OutgoingHttpHeaders
  body: Buffer
}

/** What a test does to a request: null leaves it to the index, `broken` breaks the connection. */
export type Script = (
  request: Passing,
  forward: () => Promise<Answered>
) => Promise<Partial<Answered> | 'broken' | null> | Partial<Answered> | 'broken' | null

export type Interposed = Pick<FakeIndex, 'uploadUrl' | 'simpleUrl' | 'jsonUrl'> & {
  close: () => Promise<void>
}

/** A server before an index that leaves everything to it but what the script says. */
export async function interpose(index: FakeIndex, script: Script): Promise<Interposed> {
  const counts = new Map<string, number>()
  const server = http.createServer((request, response) => {
    void serve(request).then((answer) => {
      if (answer === 'broken') request.socket.destroy()
      else response.writeHead(answer.status, answer.headers).end(answer.body)
    })
  })

  async function serve(request: http.IncomingMessage): Promise<Answered | 'broken'> {
    const { method = '', url: path = '', headers } = request
    const body = Buffer.concat((await request.toArray()) as Buffer[])
    const count = (counts.get(`${method} ${path}`) ?? 0) + 1
    counts.set(`${method} ${path}`, count)
    const forward = (): Promise<Answered> => passOn(index, { method, path, headers, body })
    const answer = await script({ method, path, headers, body, count }, forward)
    if (answer === 'broken') return answer
    return answer === null ? forward() : { status: 200, headers: {}, body: Buffer.alloc(0), ...answer }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    uploadUrl: new URL('/legacy/', origin),
    simpleUrl: new URL('/simple/', origin),
    jsonUrl: new URL('/', origin),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

function passOn(
  { origin }: FakeIndex,
  { method, path, headers, body }: Omit<Passing, 'count'>
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    // The host stays: pages name their files by the address that they were asked at.
    const outgoing = http.request(new URL(path, origin), { method, headers, agent: false }, (answer) => {
      answer.toArray().then(
        (pieces) =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(pieces as Buffer[])
          }),
        reject
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
