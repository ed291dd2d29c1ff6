import { spawn } from 'node:child_process'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { plainEnvironment } from '../../../src/platform/process.ts'

/** A server of git on this machine: `git http-backend`, as code hosts run it behind theirs. */
export interface GitHttpServer {
  url: string
  /** Paths that were asked for. */
  asked: string[]
  /** Changes what a client says before git hears it: a server that lies. */
  alter: ((body: Buffer) => Buffer) | null
  close(): Promise<void>
}

/** @param root folder whose repositories are served */
export async function startGitServer(root: string): Promise<GitHttpServer> {
  const state: Pick<GitHttpServer, 'asked' | 'alter'> = { asked: [], alter: null }
  const server = http.createServer((request, response) => {
    const address = new URL(request.url ?? '/', 'http://server')
    state.asked.push(address.pathname)
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const said = Buffer.concat(pieces)
      const body = state.alter === null ? said : state.alter(said)
      const child = spawn('git', ['http-backend'], {
        env: {
          ...plainEnvironment,
          GIT_PROJECT_ROOT: root,
          GIT_HTTP_EXPORT_ALL: '1',
          GIT_CONFIG_NOSYSTEM: '1',
          HOME: root,
          PATH_INFO: address.pathname,
          QUERY_STRING: address.search.slice(1),
          REQUEST_METHOD: request.method ?? 'GET',
          REMOTE_ADDR: '127.0.0.1',
          CONTENT_TYPE: request.headers['content-type'] ?? '',
          CONTENT_LENGTH: String(body.length),
          HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
          GIT_PROTOCOL: String(request.headers['git-protocol'] ?? '')
        }
      })
      const output: Buffer[] = []
      child.stdout.on('data', (piece: Buffer) => output.push(piece))
      child.on('close', () => answer(response, Buffer.concat(output)))
      child.stdin.on('error', () => undefined)
      child.stdin.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  })
}

/** Of what a CGI program writes (RFC 3875, 6) the head becomes that of the answer. */
function answer(response: http.ServerResponse, output: Buffer): void {
  const end = output.indexOf('\r\n\r\n')
  if (end < 0) {
    response.writeHead(500).end()
    return
  }
  const lines = output.toString('latin1', 0, end).split('\r\n')
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()]
    })
  )
  const status = Number(/^\d{3}/.exec(headers.get('Status') ?? '200')?.[0])
  headers.delete('Status')
  response.writeHead(status, Object.fromEntries(headers)).end(output.subarray(end + 4))
}
