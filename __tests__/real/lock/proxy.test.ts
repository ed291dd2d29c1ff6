import { mkdtemp, readFile, rm } from 'node:fs/promises'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Lock, PythonLock, RootLock } from '../../../src/documents/lock.ts'
import { resolveRoot } from '../../../src/lock/debian.ts'
import { fetchInputs } from '../../../src/lock/inputs.ts'
import { mergePipConfiguration, type PipConfiguration } from '../../../src/lock/pip-configuration.ts'
import { resolvePython } from '../../../src/lock/python.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { createHttpClient } from '../../../src/platform/http.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { plainEnvironment, runChecked } from '../../../src/platform/process.ts'
import { pythonRoot } from '../support/root.ts'
import {
  folderHandler,
  hostWith,
  makeArchive,
  startServer,
  type Archive,
  type TestServer
} from './archive.ts'
import { startProxy, type Proxy } from './proxy.ts'

const wheelName = 'lamp-1.0-py3-none-any.whl'
const makeWheel = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    info = "lamp-1.0.dist-info/"
    wheel.writestr("lamp.py", "LIGHT = True\\n")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: lamp\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`

let folder = ''
let archive: Archive
let mirror: TestServer
let index: https.Server
let proxy: Proxy
let certificate = ''

const tool = (command: string, ...args: string[]): Promise<string> =>
  runChecked(command, args, { cwd: folder, env: plainEnvironment })

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tagproof-proxy-'))
  archive = await makeArchive(folder, [
    { name: 'basis', version: '1', fields: { Essential: 'yes' } },
    { name: 'usr-is-merged', version: '1' },
    { name: 'app', version: '1', fields: { Depends: 'usr-is-merged' } }
  ])
  mirror = await startServer(folderHandler(folder))
  certificate = path.join(folder, 'certificate.pem')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem']
  const name = ['-subj', '/CN=index.test', '-addext', 'subjectAltName=DNS:index.test']
  await tool('openssl', 'req', '-x509', '-days', '2', ...key, ...name, '-out', certificate)
  await tool('python3', '-c', makeWheel, wheelName)
  index = await startIndex()
  const port = (address: string): number => Number(new URL(address).port)
  proxy = await startProxy({
    'archive.test': port(mirror.url),
    'index.test': (index.address() as AddressInfo).port
  })
  // Whatever this machine uses itself: these names are reached through the proxy or not at all.
  const others = Object.keys(process.env).filter((variable) => /^(https?|no|all)_proxy$/i.test(variable))
  for (const variable of others) Reflect.deleteProperty(process.env, variable)
  Object.assign(process.env, {
    http_proxy: proxy.url,
    https_proxy: proxy.url,
    NODE_EXTRA_CA_CERTS: certificate
  })
}, 900_000)

afterAll(async () => {
  await proxy.close()
  index.closeAllConnections()
  await new Promise((resolve) => index.close(resolve))
  await mirror.close()
  await archive.close()
  await rm(folder, { recursive: true, force: true })
})

/** What the index says of the wheel's age; an answer may change. */
let uploadTime = '2026-01-02T03:04:05.678901Z'

/** One project and its one wheel (PEP 691 and 700), over TLS. */
async function startIndex(): Promise<https.Server> {
  const wheel = await readFile(path.join(folder, wheelName))
  const read = (name: string): Promise<Buffer> => readFile(path.join(folder, name))
  const server = https.createServer(
    { key: await read('key.pem'), cert: await read('certificate.pem') },
    (request, response) => {
      if (request.url === `/files/${wheelName}`)
        response.writeHead(200, { 'content-length': wheel.length }).end(wheel)
      else if (request.url === '/simple/lamp/')
        response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' }).end(
          JSON.stringify({
            meta: { 'api-version': '1.1' },
            name: 'lamp',
            versions: ['1.0'],
            files: [
              {
                filename: wheelName,
                url: `/files/${wheelName}`,
                hashes: { sha256: sha256OfBytes(wheel) },
                size: wheel.length,
                'upload-time': uploadTime
              }
            ]
          })
        )
      else response.writeHead(404).end()
    }
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const pip = (): PipConfiguration =>
  mergePipConfiguration([], { PIP_INDEX_URL: 'https://index.test/simple', PIP_CERT: certificate })

const lockLamp = async (previous?: PythonLock): Promise<PythonLock> => {
  const { root: prepared } = await pythonRoot()
  const how = { configuration: pip(), netrc: new Map<never, never>(), log: silentLog }
  const what = { root: prepared, requested: ['lamp'], allowSdists: [] }
  return resolvePython({ ...what, ...how, ...(previous === undefined ? {} : { previous }) })
}

const asked = async <T>(work: Promise<T>): Promise<{ made: T; asked: string[] }> => {
  proxy.asked.length = 0
  const made = await work
  return { made, asked: [...new Set(proxy.asked)].sort() }
}

let root: RootLock
let python: PythonLock

it('a root is locked through it: apt asks the proxy, with its user and password', async () => {
  const locked = await asked(
    resolveRoot({
      packages: ['app'],
      architecture: 'amd64',
      log: silentLog,
      host: hostWith(archive, 'http://archive.test')
    })
  )
  root = locked.made
  expect(root.packages.map(({ name }) => name)).toEqual(['app', 'basis', 'usr-is-merged'])
  expect(locked.asked).toContain('GET archive.test')
}, 60_000)

it('build requirements are locked through it: pip in the sandbox opens a tunnel to the index', async () => {
  const locked = await asked(lockLamp())
  python = locked.made
  expect(python.packages.map(({ file }) => file)).toEqual([wheelName])
  expect(locked.asked).toContain('CONNECT index.test:443')
}, 900_000)

it('the lock tells when the index took a file, and a file that stays keeps its line whatever the index says later', async () => {
  expect(python.packages[0]?.uploaded).toBe('2026-01-02T03:04:05Z')
  uploadTime = '2026-05-05T05:05:05Z'
  expect(await lockLamp(python)).toEqual(python)
  expect((await lockLamp()).packages[0]?.uploaded).toBe('2026-05-05T05:05:05Z')
}, 60_000)

const inputs = async (store: string, attempts?: number): ReturnType<typeof fetchInputs> => {
  const lock: Lock = { schema: 'tagproof/lock/1', roots: { python: root }, python: { python } }
  const { sources } = hostWith(archive, 'http://archive.test')
  const options = { sources: {}, aptSources: sources, pip: pip(), netrc: new Map(), log: silentLog }
  const client = createHttpClient(attempts === undefined ? {} : { attempts })
  return fetchInputs(lock, { ...options, client, store: path.join(folder, store) }).finally(() =>
    client.close()
  )
}

it('both are fetched through it, and hashed', async () => {
  const fetched = await asked(inputs('store'))
  const [wheel] = python.packages
  if (wheel === undefined) throw new Error('nothing is locked')
  expect(sha256OfBytes(await readFile(fetched.made.python(wheel)))).toBe(wheel.sha256)
  expect(fetched.asked).toEqual(['CONNECT index.test:443', 'GET archive.test'])
}, 60_000)

it('with another password nothing is reached, and neither password is told', async () => {
  process.env.http_proxy = process.env.https_proxy = proxy.url.replace('secret', 'guess')
  try {
    const error: unknown = await inputs('refused', 1).then(
      () => null,
      (thrown: unknown) => thrown
    )
    expect(error).toMatchObject({ name: 'TagproofError' })
    expect(JSON.stringify(error)).not.toMatch(/guess|secret/)
  } finally {
    process.env.http_proxy = process.env.https_proxy = proxy.url
  }
}, 60_000)

it('who is named in no_proxy is asked directly', async () => {
  process.env.no_proxy = '127.0.0.1'
  try {
    const { asked: through, made } = await asked(
      resolveRoot({
        packages: ['app'],
        architecture: 'amd64',
        log: silentLog,
        host: hostWith(archive, mirror.url)
      })
    )
    expect(made.packages).toHaveLength(3)
    expect(through).toEqual([])
    process.env.no_proxy = 'index.test'
    await expect(inputs('direct', 1)).rejects.toMatchObject({ code: 'network' })
    expect(proxy.asked.filter((line) => line.includes('index.test'))).toEqual([])
  } finally {
    delete process.env.no_proxy
  }
}, 120_000)
