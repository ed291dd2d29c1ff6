import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startFakeGithub, type FakeGithub } from '../../support/github/fake-github.ts'
import { pushTag } from '../../support/github/release-files.ts'
import { startFakeIndex, type FakeIndex } from '../../support/pypi/fake-index.ts'
import { startFakeRegistry, type FakeRegistry } from '../../support/registry/fake-registry.ts'
import type { Addresses } from './clients.ts'
import type { Parcel } from './parcel.ts'

/** A server of each kind for one case alone, strict as the real ones are. */
export interface Servers {
  index: FakeIndex
  registry: FakeRegistry
  github: FakeGithub
  /** A package index that is only a folder. */
  folder: string
  /** Where the receipt lies, of a release. */
  receipt: (parcel: Parcel) => string
  addresses: Addresses
  /** Origins of all that is asked by HTTP. */
  origins: string[]
  /** Everything that was ever written, at all of them. */
  writes: () => Promise<string[]>
  close: () => Promise<void>
}

export async function startServers(project: string, parcels: readonly Parcel[]): Promise<Servers> {
  const index = await startFakeIndex({ tokens: { 'pypi-secret': {} } })
  index.project(project)
  const registry = await startFakeRegistry({ relative: true })
  const github = await startFakeGithub()
  for (const parcel of parcels) pushTag(github.state, parcel)
  const room = await mkdtemp(path.join(tmpdir(), 'tagproof-together-'))
  const folder = path.join(room, 'simple')
  return {
    index,
    registry,
    github,
    folder,
    receipt: ({ tag }) => path.join(room, `receipt-${tag}.json`),
    addresses: { index: index.origin, registry: registry.origin, github: github.origin, folder },
    origins: [index.origin, registry.origin, github.origin],
    writes: async () => [
      ...index.state.writes,
      ...registry.state.writes,
      ...github.state.writes,
      ...(await filesBelow(folder))
    ],
    close: async () => {
      await Promise.all([index.close(), registry.close(), github.close()])
      await rm(room, { recursive: true, force: true })
    }
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
  const lines = files.sort().map(async (file) => {
    const hash = createHash('sha256').update(await readFile(file))
    return `${path.relative(folder, file)} ${hash.digest('hex')}`
  })
  return Promise.all(lines)
}
