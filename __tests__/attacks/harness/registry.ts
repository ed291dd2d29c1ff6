import { mkdir } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { startRegistry, type TestRegistry } from '../../real/support/registry.ts'

/** A registry whose owner decides what it sends. */
export interface OwnedRegistry extends Omit<TestRegistry, 'folder'> {
  /** Bytes that are sent in the place of a digest (`sha256:…`). */
  lies: Map<string, Buffer>
  /** Puts an image under a name, such as `victim/base:1`, as skopeo names it: `oci:FOLDER`, `oci-archive:FILE`. */
  push: (image: string, name: string) => Promise<void>
}

/** A real registry, behind a server that passes everything on but its lies. */
export async function ownedRegistry(home: string): Promise<OwnedRegistry> {
  const behind = await startRegistry()
  await mkdir(path.join(home, 'skopeo'))
  const env = { ...plainEnvironment, HOME: home, TMPDIR: path.join(home, 'skopeo') }
  const lies = new Map<string, Buffer>()
  const server = http.createServer((request, response) => {
    const url = `http://${behind.host}${request.url ?? '/'}`
    const { method = 'GET', headers } = request
    const asked = http.request(url, { method, headers }, (answer) => {
      const lie = lies.get((request.url ?? '').split('/').at(-1) ?? '')
      if (lie === undefined) {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
        return
      }
      answer.resume()
      response.writeHead(200, { ...answer.headers, 'content-length': lie.length })
      response.end(method === 'HEAD' ? undefined : lie)
    })
    asked.on('error', () => response.destroy())
    request.pipe(asked)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    lies,
    async push(image, name) {
      const quiet = ['--insecure-policy', 'copy', '--quiet', '--preserve-digests', '--dest-tls-verify=false']
      await runChecked('skopeo', [...quiet, image, `docker://${behind.host}/${name}`], { env })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await behind.close()
    }
  }
}
