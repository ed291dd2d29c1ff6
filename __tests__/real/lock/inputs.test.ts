import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { sha256, type Sha256 } from '../../../src/documents/identifiers.ts'
import type { Lock } from '../../../src/documents/lock.ts'
import { fetchInputs, type FetchInputsOptions, type Inputs } from '../../../src/lock/inputs.ts'
import { parseNetrc } from '../../../src/lock/netrc.ts'
import { mergePipConfiguration, type PipConfiguration } from '../../../src/lock/pip-configuration.ts'
import { exportStore, openStore } from '../../../src/lock/store.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import { createHttpClient, type HttpClient } from '../../../src/platform/http.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { startServer, type Handler, type TestServer } from './archive.ts'

const digest = (bytes: Buffer): Sha256 => sha256(createHash('sha256').update(bytes).digest('hex'))
const debs = Array.from({ length: 30 }, (_, index) => ({
  name: `pkg${index}`,
  bytes: Buffer.from(`deb ${index} `.repeat(3000 + index))
}))
const wheel = { name: 'demo', file: 'demo-1.0-py3-none-any.whl', bytes: Buffer.from('wheel '.repeat(5000)) }

const debianLock: Lock = {
  schema: 'tagproof/lock/1',
  roots: {
    python: {
      suite: 'stable',
      architecture: 'amd64',
      components: ['main'],
      indexes: [
        {
          suite: 'stable',
          origin: 'Test',
          codename: 'stable',
          date: 'Sat, 11 Jul 2026 10:16:37 UTC',
          inRelease: digest(Buffer.from('x'))
        }
      ],
      requested: [],
      packages: debs.map(({ name, bytes }) => ({
        name,
        version: '1',
        architecture: 'amd64',
        suite: 'stable',
        file: `pool/${name}_1_amd64.deb`,
        size: bytes.length,
        sha256: digest(bytes)
      }))
    }
  },
  python: {}
}
const pythonLock: Lock = {
  schema: 'tagproof/lock/1',
  roots: {},
  python: {
    python: {
      interpreter: '3.11.2',
      requested: [],
      packages: [
        {
          name: wheel.name,
          version: '1.0',
          file: wheel.file,
          size: wheel.bytes.length,
          sha256: digest(wheel.bytes),
          because: ['build-system.requires']
        }
      ]
    }
  }
}

let folder = ''
let client: HttpClient
const servers: TestServer[] = []

async function serve(handler: Handler): Promise<TestServer> {
  const server = await startServer(handler)
  servers.push(server)
  return server
}

const pool: Handler = (request, response, pathname) => {
  const found = debs.find(({ name }) => pathname.endsWith(`/pool/${name}_1_amd64.deb`))
  if (found === undefined) return void response.writeHead(404).end()
  const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
  const { bytes } = found
  if (start > 0)
    response.writeHead(206, { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` })
  setTimeout(() => response.end(bytes.subarray(start)), 5)
}

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tagproof-inputs-'))
  client = createHttpClient({ environment: {}, attempts: 2, retryMilliseconds: 1, stallMilliseconds: 300 })
})
afterEach(async () => {
  client.close()
  for (const server of servers.splice(0)) await server.close()
  await rm(folder, { recursive: true, force: true })
})

type Overrides = Partial<FetchInputsOptions> & { mirror?: string; index?: string }

const fetch = (lock: Lock, { mirror, index, ...options }: Overrides = {}): Promise<Inputs> =>
  fetchInputs(lock, {
    store: path.join(folder, 'store'),
    sources: {},
    log: silentLog,
    client,
    aptSources:
      mirror === undefined
        ? []
        : [{ uris: [mirror], suites: ['stable'], components: ['main'], signedBy: null }],
    pip: pip(index === undefined ? { PIP_NO_INDEX: '1' } : { PIP_INDEX_URL: index }),
    netrc: new Map(),
    ...options
  })

const pip = (variables: Record<string, string>): PipConfiguration => mergePipConfiguration([], variables)

async function failure(work: Promise<unknown>): Promise<TagproofError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown
  )
  if (error instanceof TagproofError) return error
  throw error
}

describe('inputs of a root', () => {
  it('come from the mirror, eight at a time, and then need no network', async () => {
    const mirror = await serve(pool)
    const inputs = await fetch(debianLock, { mirror: mirror.url })
    for (const entry of debianLock.roots.python?.packages ?? [])
      expect(digest(await readFile(inputs.debian(entry)))).toBe(entry.sha256)
    expect(mirror.busiest()).toBeLessThanOrEqual(8)
    expect(mirror.busiest()).toBeGreaterThan(4)
    expect(await readdir(path.join(folder, 'store/partial'))).toEqual([])
    const before = mirror.asked.length
    await fetch(debianLock, { mirror: mirror.url, offline: true })
    expect(mirror.asked.length).toBe(before)
  })

  it('that are missing offline are named, with their number', async () => {
    const error = await failure(fetch(debianLock, { offline: true }))
    expect(error.code).toBe('input-missing')
    expect(error.message).toMatch(/30 of 30/)
    expect(error.detail.found).toBe(
      'pkg0_1_amd64.deb, pkg1_1_amd64.deb, pkg2_1_amd64.deb, pkg3_1_amd64.deb, pkg4_1_amd64.deb and 25 more'
    )
  })

  it('are taken from the snapshot where the mirror has dropped them, else from the own store', async () => {
    const mirror = await serve((request, response, name) =>
      /pkg[12]_/.test(name) ? void response.writeHead(404).end() : pool(request, response, name)
    )
    const snapshot = await serve((request, response, name) =>
      name.includes('pkg2_') ? void response.writeHead(404).end() : pool(request, response, name)
    )
    const own = await serve(
      (_request, response, name) =>
        void response.end(debs.find(({ bytes }) => name === `/own/${digest(bytes)}`)?.bytes)
    )
    await fetch(debianLock, {
      mirror: mirror.url,
      sources: { snapshot: `${snapshot.url}/archive`, store: `${own.url}/own` }
    })
    expect(snapshot.asked).toContain('/archive/20260711T161637Z/pool/pkg1_1_amd64.deb')
    expect(own.asked).toHaveLength(1)
  })

  it('that nobody has any more are named with every place that was tried', async () => {
    const mirror = await serve((request, response, name) =>
      name.includes('pkg7_') ? void response.writeHead(404).end() : pool(request, response, name)
    )
    const error = await failure(
      fetch(debianLock, { mirror: mirror.url, sources: { store: path.join(folder, 'nothing') } })
    )
    expect(error.code).toBe('input-missing')
    expect(error.detail.found).toBe('pkg7_1_amd64.deb')
    expect(error.detail.output).toMatch(/mirror: .* answered 404[\s\S]*own store: not there/)
    await fetch(
      {
        ...debianLock,
        roots: { python: { ...root(), packages: root().packages.filter(({ name }) => name !== 'pkg7') } }
      },
      { offline: true }
    )
  })

  it('are refused when the only place lies, and taken from the next when it does not', async () => {
    const liar = await serve((_request, response, name) => {
      const { bytes } = debs.find((entry) => name.endsWith(`/${entry.name}_1_amd64.deb`)) ?? {
        bytes: Buffer.alloc(1)
      }
      response.end(Buffer.alloc(bytes.length))
    })
    const error = await failure(fetch(debianLock, { mirror: liar.url }))
    expect(error.code).toBe('hash-mismatch')
    expect(await readdir(path.join(folder, 'store'))).toEqual(['partial'])
    const honest = await serve(pool)
    await fetch(debianLock, { mirror: liar.url, sources: { snapshot: honest.url } })
  })

  it('are not looked for in vain: a server that is not there is a network error', async () => {
    const error = await failure(fetch(debianLock, { mirror: 'http://127.0.0.1:9' }))
    expect(error.code).toBe('network')
  })

  it('of the store are checked each time; a damaged file is fetched again', async () => {
    const mirror = await serve(pool)
    const inputs = await fetch(debianLock, { mirror: mirror.url })
    const entry = root().packages[3]
    if (entry === undefined) throw new Error('no package')
    await writeFile(inputs.debian(entry), Buffer.alloc(entry.size))
    expect((await failure(fetch(debianLock, { offline: true }))).detail.found).toBe('pkg3_1_amd64.deb')
    await fetch(debianLock, { mirror: mirror.url })
    expect(mirror.asked).toHaveLength(31)
  })

  it('go on where a killed process stopped', async () => {
    const ranges: unknown[] = []
    const mirror = await serve(
      (request, response, name) => (ranges.push(request.headers.range), pool(request, response, name))
    )
    const first = debs[0]
    const store = await openStore(path.join(folder, 'store'))
    if (first === undefined) throw new Error('no package')
    const left = path.basename(await store.claimPartial(digest(first.bytes))).split('.')
    // No process has so high a number.
    const name = [left[0], left[1], '99999999', left[3], 'part'].join('.')
    await writeFile(path.join(folder, 'store/partial', name), first.bytes.subarray(0, 1000))
    await fetch(debianLock, { mirror: mirror.url })
    expect(ranges.filter((range) => range !== undefined)).toEqual(['bytes=1000-'])
  })

  it('may be fetched by several processes at once into one store', async () => {
    const mirror = await serve(pool)
    await Promise.all([1, 2, 3].map(() => fetch(debianLock, { mirror: mirror.url })))
    await fetch(debianLock, { offline: true })
    expect(await readdir(path.join(folder, 'store/partial'))).toEqual([])
  })

  it('can be exported as an own store, from which another machine fetches', async () => {
    const mirror = await serve(pool)
    await fetch(debianLock, { mirror: mirror.url })
    const own = path.join(folder, 'own')
    const store = await openStore(path.join(folder, 'store'))
    expect(await exportStore(store, root().packages, own)).toBe(30)
    expect(await exportStore(store, root().packages, own)).toBe(0)
    expect((await readdir(own)).sort()).toEqual(
      root()
        .packages.map((entry) => entry.sha256)
        .sort()
    )
    await fetch(debianLock, { store: path.join(folder, 'other'), sources: { store: own } })
  })

  it('leave nothing half-made when they are cancelled, and go on afterwards', async () => {
    const controller = new AbortController()
    const slow = await serve((_request, response) => {
      response.writeHead(200).write('deb')
      controller.abort()
    })
    expect((await failure(fetch(debianLock, { mirror: slow.url, signal: controller.signal }))).code).toBe(
      'cancelled'
    )
    const mirror = await serve(pool)
    await fetch(debianLock, { mirror: mirror.url })
  })
})

describe('inputs of a Python target', () => {
  const file: Handler = (_request, response, name) =>
    name === `/files/${wheel.file}` ? void response.end(wheel.bytes) : void response.writeHead(404).end()
  const json = (response: Parameters<Handler>[1], page: unknown): void =>
    void response
      .writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' })
      .end(JSON.stringify(page))

  it.each<[string, Handler]>([
    [
      'JSON',
      (_request, response) =>
        json(response, {
          files: [
            { filename: wheel.file, url: `/files/${wheel.file}`, hashes: { sha256: digest(wheel.bytes) } }
          ]
        })
    ],
    [
      'JSON that lies about the hash',
      (_request, response) =>
        json(response, {
          files: [
            {
              filename: wheel.file,
              url: `/files/${wheel.file}`,
              hashes: { sha256: digest(Buffer.alloc(1)) },
              size: 1
            }
          ]
        })
    ],
    [
      'HTML',
      (_request, response) =>
        void response
          .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
          .end(`<a href="../../files/${wheel.file}#sha256=x">x</a>`)
    ]
  ])('are found in an index of %s: the bytes decide', async (_kind, page) => {
    const index = await serve((request, response, name) =>
      (name.startsWith('/files/') ? file : page)(request, response, name)
    )
    const inputs = await fetch(pythonLock, { index: `${index.url}/simple` })
    expect(await readFile(inputs.python({ sha256: digest(wheel.bytes) }))).toEqual(wheel.bytes)
    expect(index.asked[0]).toBe('/simple/demo/')
  })

  it('are asked for in the default index of pip where none is configured', async () => {
    const index = await serve((request, response, name) =>
      name.startsWith('/files/')
        ? file(request, response, name)
        : json(response, { files: [{ filename: wheel.file, url: `/files/${wheel.file}` }] })
    )
    await fetch(pythonLock, { pip: pip({}), defaultIndex: () => Promise.resolve(`${index.url}/default`) })
    expect(index.asked[0]).toBe('/default/demo/')
  })

  it.each(['in the URL', 'in netrc'])(
    'are asked for with the credentials %s, which no other server sees',
    async (where) => {
      const seen: (string | undefined)[] = []
      const files = await serve(
        (request, response, name) => (seen.push(request.headers.authorization), file(request, response, name))
      )
      const index = await serve((request, response) => {
        if (request.headers.authorization !== `Basic ${Buffer.from('me:secret').toString('base64')}`)
          return void response.writeHead(401).end()
        json(response, { files: [{ filename: wheel.file, url: `${files.url}/files/${wheel.file}` }] })
      })
      if (where === 'in the URL') await fetch(pythonLock, { index: index.url.replace('//', '//me:secret@') })
      else
        await fetch(pythonLock, {
          index: index.url,
          netrc: parseNetrc('machine 127.0.0.1 login me password secret')
        })
      expect(seen).toEqual([undefined])
      const refused = await failure(
        fetch(pythonLock, {
          index: index.url.replace('//', '//me:wrongsecret@'),
          store: path.join(folder, 'other')
        })
      )
      expect(JSON.stringify([refused.message, refused.detail])).not.toMatch(/wrongsecret/)
    }
  )

  it('are taken from a find-links folder or an own store without any index', async () => {
    const links = path.join(folder, 'links')
    const own = path.join(folder, 'own')
    for (const [place, name] of [
      [links, wheel.file],
      [own, digest(wheel.bytes)]
    ] as const) {
      await openStore(place)
      await writeFile(path.join(place, name), wheel.bytes)
    }
    await fetch(pythonLock, { pip: pip({ PIP_NO_INDEX: '1', PIP_FIND_LINKS: links }) })
    await fetch(pythonLock, { store: path.join(folder, 'second'), sources: { store: own } })
  })

  it.each<[string, Handler, string, RegExp]>([
    [
      'is a page to sign in',
      (_request, response) =>
        void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
      'input-missing',
      /index: not there/
    ],
    [
      'is a picture',
      (_request, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end('x'),
      'input-missing',
      /no page of a package index/
    ],
    [
      'is cut JSON',
      (_request, response) =>
        void response
          .writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' })
          .end('{"files": ['),
      'input-missing',
      /no page of a package index/
    ],
    ['stalls', () => undefined, 'network', /cannot be reached/],
    [
      'does not know the project',
      (_request, response) => void response.writeHead(404).end(),
      'input-missing',
      /index: not there/
    ]
  ])('are told when the index %s', async (_what, handler, code, message) => {
    const index = await serve(handler)
    const error = await failure(fetch(pythonLock, { index: index.url }))
    expect(error.code).toBe(code)
    expect(error.detail.output).toMatch(message)
    expect(error.detail.found).toBe(wheel.file)
  })
})

function root(): NonNullable<Lock['roots'][string]> {
  const found = debianLock.roots.python
  if (found === undefined) throw new Error('no root')
  return found
}
