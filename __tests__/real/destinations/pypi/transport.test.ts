import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { TagproofError } from '../../../../src/platform/errors.ts'
import { createHttpClient, type HttpClient } from '../../../../src/platform/http.ts'
import { selfSigned } from '../../support/pypi/certificate.ts'
import { runDestination, type Asked, type Run } from '../../support/pypi/destination-run.ts'
import { startFakeIndex, type FakeIndex, type FakeIndexOptions } from '../../support/pypi/fake-index.ts'
import { makeTinyRelease, type TinyRelease } from '../../support/pypi/tiny-release.ts'

let index: FakeIndex
let release: TinyRelease
let folder: string

async function start(options: FakeIndexOptions = {}): Promise<void> {
  index = await startFakeIndex({ tokens: { 'pypi-secret': { projects: 'all' } }, ...options })
  index.project('tiny-demo', { owners: ['maintainer'] })
}
beforeEach(async () => {
  release = await makeTinyRelease()
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-transport-'))
})
afterEach(async () => {
  await index.close()
  await release.remove()
  await rm(folder, { recursive: true, force: true })
})

const client = (environment: Record<string, string>): HttpClient =>
  createHttpClient({ environment, retryMilliseconds: 1, stallMilliseconds: 1000, attempts: 2 })
const publish = (more: Partial<Asked> = {}): Promise<Run> => runDestination({ index, release, ...more })
async function refusal(more: Partial<Asked> = {}): Promise<TagproofError> {
  const error: unknown = await publish(more).then(
    () => new Error('it was published'),
    (thrown: unknown) => thrown
  )
  if (error instanceof TagproofError) return error
  throw error
}

describe('the way to an index', () => {
  it('with a certificate that nobody vouches for is told before anything is sent, and how to vouch for it', async () => {
    const certificate = selfSigned()
    await start({ certificate })
    const error = await refusal({ http: client({}) })
    expect(error.code).toBe('network')
    expect(error.detail.found).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/)
    expect(error.detail.fix).toMatch(/SSL_CERT_FILE/)
    expect(index.requests).toEqual([])
    const file = path.join(folder, 'authority.pem')
    await writeFile(file, certificate.cert)
    expect((await publish({ http: client({ SSL_CERT_FILE: file }) })).written).toHaveLength(3)
  })

  it('leads through a proxy, which sees neither token nor files of an https index', async () => {
    const certificate = selfSigned()
    await start({ certificate })
    const file = path.join(folder, 'authority.pem')
    await writeFile(file, certificate.cert)
    const seen: string[] = []
    const tunnels: net.Socket[] = []
    const proxy = http.createServer()
    proxy.on('connect', (request, socket: net.Socket, head: Buffer) => {
      seen.push(`${request.method ?? ''} ${request.url ?? ''} ${JSON.stringify(request.headers)}`)
      const [host, port] = (request.url ?? '').split(':')
      tunnels.push(socket)
      const onward = net.connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        onward.write(head)
        onward.pipe(socket).pipe(onward)
      })
      onward.on('error', () => socket.destroy())
      socket.on('error', () => onward.destroy())
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const https_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const { written } = await publish({ http: client({ SSL_CERT_FILE: file, https_proxy }) })
    expect(written).toHaveLength(3)
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.join()).not.toMatch(/authorization|pypi-secret/i)
    for (const tunnel of tunnels) tunnel.destroy()
    await new Promise((resolve) => proxy.close(resolve))
  })

  it('is not an insecure one to another machine', async () => {
    await start()
    const uploadUrl = new URL('http://index.invalid/legacy/')
    const error = await refusal({ index: { ...index, uploadUrl } })
    expect([error.code, index.requests]).toEqual(['config-invalid', []])
  })
})
