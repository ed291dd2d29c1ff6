import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import { registryDestination } from '../../../../src/destinations/registry/destination.ts'
import { createHttpClient, type HttpClient } from '../../../../src/platform/http.ts'
import { startFaultProxy } from '../../support/pypi/fault-proxy.ts'
import { digestUnder, putByHand } from '../../support/registry/by-hand.ts'
import { requestOf } from '../../support/registry/destination-run.ts'
import { startFakeRegistry } from '../../support/registry/fake-registry.ts'
import { imageInside, makeTinyImages, type TinyImages } from '../../support/registry/tiny-images.ts'
import { startRegistry, type TestImage, type TestRegistry } from '../../support/registry.ts'
import { destinationContract, type ContractKind, type Place } from '../contract.ts'

let registry: TestRegistry
let projects = 0
beforeAll(async () => {
  registry = await startRegistry()
})
afterAll(() => registry.close())

const common: Pick<ContractKind<TinyImages>, 'make' | 'identify'> = {
  make: (first, options) => {
    if (first === null) projects += 1
    return makeTinyImages({ project: first?.project ?? `tiny-${projects}`, ...options })
  },
  identify: (tar) => imageInside(tar).index.slice(7)
}
destinationContract({ ...common, kind: 'a registry that is strict', open: fakePlace })
destinationContract({ ...common, kind: "Debian's docker-registry", open: realPlace })

/** What both have in common: looked at by plain requests. */
function placeAt(
  origin: string,
  through: string,
  release: TinyImages,
  http: HttpClient
): Pick<Place<TinyImages>, 'destination' | 'names' | 'content' | 'put'> {
  const imageOf = (name: string): TinyImages['images'][number] | undefined =>
    release.images.find(({ image }) => image.name === name)
  return {
    destination: (of = release) => registryDestination(requestOf({ origin: through, release: of, http })),
    names: async () => {
      const found: Record<string, string | null> = {}
      for (const { repository, moving } of release.images)
        for (const { tag } of moving)
          found[`${repository}:${tag}`] = await digestUnder(origin, repository, tag)
      return found
    },
    content: async () => {
      const found: Record<string, string> = {}
      for (const { repository, tags, image } of release.images) {
        const digest = await digestUnder(origin, repository, tags[0] ?? '')
        if (digest !== null) found[image.name] = digest.slice(7)
      }
      return found
    },
    put: (name, bytes) =>
      putByHand(origin, imageOf(name)?.repository ?? '', release.version, imageInside(bytes))
  }
}

/** Files whose tags were set, each time. */
function taggedFiles(lines: readonly string[], { images }: TinyImages): string[] {
  return lines.flatMap((line) =>
    images
      .filter(({ repository, tags }) => line === `PUT /v2/${repository}/manifests/${tags[0] ?? ''}`)
      .map(({ image }) => image.name)
  )
}

async function fakePlace(release: TinyImages): Promise<Place<TinyImages>> {
  const fake = await startFakeRegistry({ relative: true, silent: true })
  const http = createHttpClient({ retryMilliseconds: 0, environment: {} })
  return {
    ...placeAt(fake.origin, fake.origin, release, http),
    writes: () => Promise.resolve([...fake.state.writes]),
    sent: () =>
      taggedFiles(
        fake.requests.filter(({ agent }) => agent === 'tagproof').map(({ line }) => line),
        release
      ),
    corrupt: (name) => {
      const layer = layerOf(release, name)
      fake.lies.set(layer, Buffer.alloc(fake.state.blobs.get(layer)?.length ?? 0))
      return Promise.resolve()
    },
    left: () => Promise.resolve([...fake.uploads.open.keys()]),
    remove: async () => {
      http.close()
      await fake.close()
    }
  }
}

async function realPlace(release: TinyImages): Promise<Place<TinyImages>> {
  const origin = `http://${registry.host}`
  const proxy = await startFaultProxy({ index: origin, identity: origin, fault: null })
  const http = createHttpClient({ retryMilliseconds: 0, environment: {} })
  const repositories = path.join(registry.folder, 'docker/registry/v2/repositories', release.project)
  const files = async (folder: string): Promise<string[]> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
  }
  return {
    ...placeAt(origin, proxy.index.origin, release, http),
    writes: async () => {
      const kept = (await files(repositories)).filter((file) => !file.includes('/_uploads/'))
      return Promise.all(kept.map(async (file) => [file, await readFile(file, 'utf8')]))
    },
    sent: () =>
      taggedFiles(
        proxy.seen.map(({ line }) => line),
        release
      ),
    corrupt: async (name) => {
      const hex = layerOf(release, name).slice(7)
      const file = path.join(
        registry.folder,
        `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`
      )
      await writeFile(file, Buffer.alloc((await readFile(file)).length))
    },
    // It leaves the state of a hash behind when an upload is ended; one that goes on has a beginning.
    left: async () =>
      (await files(repositories)).filter((file) => /_uploads\/.*\/(startedat|data)$/.test(file)),
    remove: async () => {
      http.close()
      await proxy.close()
    }
  }
}

function layerOf(release: TinyImages, name: string): string {
  const image: TestImage = imageInside(release.bytes.get(name) ?? Buffer.alloc(0))
  return Object.values(image.layers)[0] ?? ''
}
