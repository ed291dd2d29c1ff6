import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { pypiDestination } from '../../../src/destinations/pypi/destination.ts'
import { serviceOf } from '../../../src/destinations/pypi/services.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { createHttpClient } from '../../../src/platform/http.ts'
import { requestOf } from '../support/pypi/destination-run.ts'
import { startFaultProxy } from '../support/pypi/fault-proxy.ts'
import { startDevpi, startPypiserver, type OtherServer } from '../support/pypi/other-servers.ts'
import { makeTinyRelease, type TinyRelease } from '../support/pypi/tiny-release.ts'
import { destinationContract, type Place } from './contract.ts'

/** Indexes of other people pass the same contract; each test has a project of its own there. */
describe.each([
  ['pypiserver', () => startPypiserver()],
  ['devpi', startDevpi]
])('%s', (name, start) => {
  let server: OtherServer
  let projects = 0
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.close())
  destinationContract({
    kind: `${name}, by login`,
    make: (first, options) =>
      makeTinyRelease({ ...options, project: first?.project ?? `tiny-${name}-${(projects += 1)}` }),
    open: (release: TinyRelease) => otherPlace(server, release)
  })

  it('takes no wrong login, and says so before anything is sent', async () => {
    const release = await makeTinyRelease({ project: `tiny-${name}-login` })
    const place = await otherPlace({ ...server, login: 'me:wrong' }, release)
    const destination = place.destination()
    await expect(destination.preflight()).rejects.toMatchObject({ code: 'login-refused' })
    await destination.close()
    expect(await place.writes()).toEqual([])
    await place.remove()
    await release.remove()
  })
})

async function otherPlace(server: OtherServer, release: TinyRelease): Promise<Place<TinyRelease>> {
  const origin = new URL(server.upload).origin
  const proxy = await startFaultProxy({ index: origin, identity: origin, fault: null })
  const through = (url: string): string => new URL(new URL(url).pathname, proxy.index).href
  const http = createHttpClient({ environment: {}, retryMilliseconds: 0 })
  const service = serviceOf({ upload: through(server.upload), simple: through(server.simple) })
  const { uploadUrl, simpleUrl } = service
  const stem = release.project.replaceAll('-', '_')
  const kept = async (): Promise<string[]> => {
    const entries = await readdir(server.folder, { recursive: true, withFileTypes: true }).catch(() => [])
    const files = entries.filter((entry) => entry.isFile() && entry.name.startsWith(`${stem}-`))
    return files.map((entry) => path.join(entry.parentPath, entry.name)).sort()
  }
  return {
    destination: () =>
      pypiDestination(
        requestOf({
          index: { uploadUrl, simpleUrl, jsonUrl: simpleUrl },
          service,
          release,
          credentials: { kind: 'token', token: server.login },
          http
        })
      ),
    content: async () => {
      const url = new URL(`${release.project}/`, server.simple)
      const page = await fetch(url)
      const found: Record<string, string> = {}
      for (const [, target = '', name = ''] of (await page.text()).matchAll(
        /href="([^"]+)"[^>]*>\s*([^<]+)</g
      ))
        if (name.startsWith(`${stem}-`)) found[name] = await hashAt(new URL(target, url))
      return found
    },
    writes: async () =>
      Promise.all((await kept()).map(async (file) => [path.basename(file), (await stat(file)).mtimeMs])),
    sent: () => proxy.seen.flatMap(({ file }) => file ?? []),
    put: async (name, bytes) => {
      const upload = release.uploads.find((one) => one.name === name)
      const form = new FormData()
      const fields = { ':action': 'file_upload', name: release.project, version: release.version }
      const kind = { filetype: upload?.filetype ?? '', pyversion: upload?.pyversion ?? '' }
      for (const [field, value] of Object.entries({ ...fields, ...kind, metadata_version: '2.4' }))
        form.append(field, value)
      form.append('content', new Blob([new Uint8Array(bytes)]), name)
      const authorization = `Basic ${Buffer.from(server.login).toString('base64')}`
      const { ok, status } = await fetch(server.upload, {
        method: 'POST',
        body: form,
        headers: { authorization }
      })
      if (!ok) throw new Error(`${name} was not put there: ${status}`)
    },
    corrupt: async (name) => {
      for (const file of await kept())
        if (path.basename(file) === name) await writeFile(file, Buffer.alloc((await readFile(file)).length))
    },
    left: () => Promise.resolve([]),
    remove: async () => {
      http.close()
      await proxy.close()
    }
  }
}

async function hashAt(url: URL): Promise<string> {
  return sha256OfBytes(Buffer.from(await (await fetch(url)).arrayBuffer()))
}
