import http from 'node:http'
import net, { type AddressInfo } from 'node:net'

export interface Proxy {
  /** With the user and password that it asks for. */
  url: string
  /** `METHOD host:port` of what it was asked, refused or not. */
  asked: string[]
  close(): Promise<void>
}

/**
 * A proxy on the loopback, for plain requests and for tunnels (RFC 9110 sections 7.7 and 9.3.6). The names that it reaches exist
 * nowhere else: who does not go through it reaches nothing.
 *
 * @param places port on the loopback of each host name
 */
export async function startProxy(places: Readonly<Record<string, number>>): Promise<Proxy> {
  const asked: string[] = []
  const expected = `Basic ${Buffer.from('someone:secret').toString('base64')}`
  const allowed = (request: http.IncomingMessage): boolean =>
    request.headers['proxy-authorization'] === expected
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://none.invalid')
    asked.push(`${request.method ?? ''} ${url.host}`)
    const port = places[url.hostname]
    if (!allowed(request)) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="test"' }).end()
      return
    }
    if (port === undefined) {
      response.writeHead(502).end()
      return
    }
    const headers = { ...request.headers, host: url.host }
    const onward = http.request(
      { host: '127.0.0.1', port, path: `${url.pathname}${url.search}`, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      }
    )
    onward.once('error', () => response.destroy())
    request.pipe(onward)
  })
  const tunnels = new Set<net.Socket>()
  server.on('connect', (request, socket: net.Socket) => {
    const [host = ''] = (request.url ?? '').split(':')
    asked.push(`CONNECT ${request.url ?? ''}`)
    const port = places[host]
    socket.on('error', () => socket.destroy())
    if (!allowed(request) || port === undefined) {
      socket.end(
        `HTTP/1.1 ${port === undefined ? '502 Bad Gateway' : '407 Proxy Authentication Required'}\r\n\r\n`
      )
      return
    }
    const inner = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(inner).pipe(socket)
    })
    inner.on('error', () => socket.destroy())
    for (const end of [socket, inner]) {
      tunnels.add(end)
      end.once('close', () => tunnels.delete(end))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://someone:secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      for (const socket of tunnels) socket.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
