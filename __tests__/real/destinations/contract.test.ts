import { mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pypiDestination } from '../../../src/destinations/pypi/destination.ts'
import { createHttpClient } from '../../../src/platform/http.ts'
import { silentLog } from '../../../src/platform/log.ts'
import { startFakeIndex } from '../support/pypi/fake-index.ts'
import { directoryDestination } from '../../../src/destinations/directory.ts'
import { folderPages } from '../../../src/destinations/folder-pages.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { destinationContract, type Place } from './contract.ts'
import { makeTinyRelease, type TinyOptions, type TinyRelease } from '../support/pypi/tiny-release.ts'

const make = (first: TinyRelease | null, options: TinyOptions): Promise<TinyRelease> =>
  makeTinyRelease({ ...options, ...(first === null ? {} : { project: first.project }) })

destinationContract({ kind: 'a folder', make, open: folderPlace })
destinationContract({ kind: 'an index, by token', make, open: indexPlace })

/** The index that stands in for the public one. */
async function indexPlace(release: TinyRelease): Promise<Place<TinyRelease>> {
  const tokens = { 'pypi-token': {}, 'pypi-somebody': {} }
  const index = await startFakeIndex({ tokens })
  index.project(release.project)
  const http = createHttpClient({ retryMilliseconds: 0, environment: {} })
  const { uploadUrl, simpleUrl, jsonUrl } = index
  return {
    destination: () =>
      pypiDestination({
        name: 'index',
        service: { name: 'the index', kind: 'pypi', uploadUrl, simpleUrl, jsonUrl },
        credentials: { kind: 'token', token: 'pypi-token' },
        uploads: release.uploads,
        artifacts: release.artifacts,
        packages: release.folder,
        attest: null,
        createProject: false,
        http,
        log: silentLog,
        now: Date.now,
        onSecret: () => undefined,
        patience: [0, 0]
      }),
    content: () =>
      Promise.resolve(Object.fromEntries([...index.files].map(([name, { sha256 }]) => [name, sha256]))),
    writes: () => Promise.resolve([...index.state.writes]),
    sent: () => index.requests.flatMap(({ file }) => file?.name ?? []),
    put: (name, bytes) => {
      index.put(release.project, release.version, name, bytes)
      return Promise.resolve()
    },
    corrupt: (name) => {
      index.state.lies.set(name, { bytes: Buffer.from('other bytes') })
      return Promise.resolve()
    },
    left: () => Promise.resolve([]),
    remove: async () => {
      http.close()
      await index.close()
    }
  }
}

async function folderPlace(release: TinyRelease): Promise<Place<TinyRelease>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-place-'))
  const project = path.join(folder, release.project)
  const tree = async (): Promise<Record<string, string>> => {
    const found: Record<string, string> = {}
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile())
        found[entry.name] = sha256OfBytes(await readFile(path.join(entry.parentPath, entry.name)))
    return found
  }
  return {
    destination: () =>
      directoryDestination({
        name: 'folder',
        address: 'the folder',
        packages: release.folder,
        artifacts: release.artifacts,
        folder
      }),
    content: async () => {
      const page = await readFile(path.join(project, 'index.html'), 'utf8').catch(() => '')
      const listed = [...page.matchAll(/<a href="([^"#]+)#sha256=[0-9a-f]{64}">/g)].map(
        ([, name = '']) => name
      )
      const there = await tree()
      return Object.fromEntries(listed.map((name) => [name, there[name] ?? 'not there']))
    },
    writes: tree,
    sent: null,
    put: async (name, bytes) => {
      await mkdir(project, { recursive: true })
      await writeFile(path.join(project, name), bytes)
      await folderPages(folder).write(release.project)
    },
    corrupt: async (name) => {
      await writeFile(path.join(project, name), 'other bytes')
    },
    left: async () => Object.keys(await tree()).filter((name) => name.endsWith('.part')),
    remove: () => rm(folder, { recursive: true, force: true })
  }
}
