import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Destination } from '../../../../src/destinations/destination.ts'
import { TagproofError } from '../../../../src/platform/errors.ts'
import { createRelease } from '../../support/github/releases.ts'
import { storeAsset } from '../../support/github/state.ts'
import { putByHand } from '../../support/registry/by-hand.ts'
import { imageInside, makeTinyImages } from '../../support/registry/tiny-images.ts'
import { makeBench, openServers, publishOnce, type Bench, type Change } from './rig.ts'
import type { Servers } from './servers.ts'
import { viewOf, type Kind, type View } from './violations.ts'

let bench: Bench
let servers: Servers

beforeAll(async () => {
  bench = await makeBench()
})
afterAll(() => bench.remove())
beforeEach(async () => {
  servers = await openServers(bench)
})
afterEach(() => servers.close())

const other = Buffer.from('other bytes')
const sdist = (): string =>
  bench.release.python.files.find(({ name }) => name.endsWith('.tar.gz'))?.name ?? ''

/** Somebody has put other bytes there, under a name of the release. */
const conflicts: Record<Kind, () => Promise<void>> = {
  pypi: () => {
    servers.index.put(bench.release.python.project, '1.0', sdist(), other)
    return Promise.resolve()
  },
  directory: async () => {
    const folder = path.join(servers.folder, bench.release.python.project)
    await mkdir(folder, { recursive: true })
    await writeFile(path.join(folder, sdist()), other)
    await writeFile(path.join(folder, 'index.html'), `<a href="${sdist()}">${sdist()}</a>`)
  },
  registry: async () => {
    const images = await makeTinyImages({ version: '1.0', text: 'other', repositories: ['web'] })
    const [image] = images.images
    const bytes = images.bytes.get(image?.image.name ?? '') ?? Buffer.alloc(0)
    await putByHand(servers.registry.origin, image?.repository ?? '', '1.0', imageInside(bytes))
    await images.remove()
  },
  apt: () => {
    const { name } = bench.release.debs.debs[0] ?? { name: '' }
    servers.bucket.put(`apt/pool/main/t/${bench.release.debs.project}/${name}`, other)
    return Promise.resolve()
  },
  files: () => {
    servers.bucket.put(`get/1.0/${sdist()}`, other)
    return Promise.resolve()
  },
  github: () => {
    const release = createRelease(servers.github.state, { tag_name: 'v1.0' })
    storeAsset(servers.github.state, release, { name: sdist(), bytes: other })
    return Promise.resolve()
  }
}
const kinds = Object.keys(conflicts) as Kind[]

/** What is seen at all other places. */
async function seenBeside(kind: Kind): Promise<Partial<View>> {
  const view = await viewOf(servers, bench, () => undefined)
  return Object.fromEntries(Object.entries(view).filter(([name]) => name !== kind))
}

const of =
  (kind: Kind, change: (destination: Destination) => Destination): Change =>
  (destination) =>
    destination.name === kind ? change(destination) : destination

/** Takes whatever is there for the file, and believes what it wrote. */
const looksAway = (destination: Destination): Destination => ({
  ...destination,
  state: async () => (await destination.state()).map(({ name }) => ({ name, state: 'identical' })),
  readBack: () =>
    Promise.resolve(destination.artifacts.map(({ name, sha256 }) => ({ name, sha256, checks: [] })))
})

describe.each(kinds)('other bytes at %s', (kind) => {
  it('stop everything: nobody else sees anything of the release', async () => {
    const before = await seenBeside(kind)
    await conflicts[kind]()
    const writes = await servers.writes()
    const { error } = await publishOnce(servers, bench.release)
    expect(error).toMatchObject({ code: 'destination-different' })
    expect(await servers.writes()).toEqual(writes)
    expect(await seenBeside(kind)).toEqual(before)
  })

  it('that nobody looks at are given out beside the release', async () => {
    await conflicts[kind]()
    await publishOnce(servers, bench.release, { change: of(kind, looksAway) })
    const beside = await seenBeside(kind)
    expect(Object.values(beside).some(({ files }) => files === 'all')).toBe(true)
  })
})

/** What a server refuses before anything is written. */
const refusals: Record<Kind, () => Promise<void>> = {
  pypi: () => {
    servers.index.state.tokens.clear()
    return Promise.resolve()
  },
  directory: async () => {
    await rm(servers.folder, { recursive: true, force: true })
    await writeFile(servers.folder, 'a file')
  },
  registry: () => {
    servers.registry.limitNext(1000, /uploads/)
    return Promise.resolve()
  },
  apt: () => {
    servers.bucket.options.ignores = ['if-match']
    return Promise.resolve()
  },
  files: mayOnlyRead,
  github: () => {
    servers.github.state.tokens.set('ghs_writer', 'read')
    return Promise.resolve()
  }
}

function mayOnlyRead(): Promise<void> {
  for (const account of servers.bucket.accounts.values()) account.allowed = ['s3:ListBucket', 's3:GetObject']
  return Promise.resolve()
}

const unasked = (destination: Destination): Destination => ({
  ...destination,
  preflight: () => Promise.resolve()
})

describe.each(kinds)('a refusal of %s', (kind) => {
  it('is told before the first write to anybody', async () => {
    await refusals[kind]()
    const writes = await servers.writes()
    const { error } = await publishOnce(servers, bench.release)
    expect(error).toBeInstanceOf(TagproofError)
    expect((error as TagproofError).detail.fix).toBeDefined()
    expect(await servers.writes()).toEqual(writes)
  })
})

it('who asks a bucket too late has written to the others', async () => {
  await mayOnlyRead()
  const change: Change = (destination) =>
    ['apt', 'files'].includes(destination.name) ? unasked(destination) : destination
  const { error } = await publishOnce(servers, bench.release, { change })
  expect(error).toBeInstanceOf(TagproofError)
  const { pypi, registry, apt, github } = await viewOf(servers, bench, () => undefined)
  expect([pypi.files, registry.files, apt.files, github.files]).toEqual(['all', 'all', 'none', 'none'])
})
