import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startFakeGithub, type FakeGithub } from '../../support/github/fake-github.ts'
import { pushTag } from '../../support/github/release-files.ts'
import { startFakeIndex, type FakeIndex } from '../../support/pypi/fake-index.ts'
import { startFakeRegistry, type FakeRegistry } from '../../support/registry/fake-registry.ts'
import { startFakeS3, type FakeS3 } from '../../support/s3/fake-s3.ts'
import type { Addresses } from './clients.ts'
import type { Parcel } from './parcel.ts'

/** Of the repository and of the lists of hashes. */
export interface SigningKey {
  secret: string
  public: string
  /** Seconds since 1970 from which it is good. */
  from: number
}

/** A server of each kind for one case alone, strict as the real ones are. */
export interface Servers {
  index: FakeIndex
  registry: FakeRegistry
  github: FakeGithub
  bucket: FakeS3
  /** A package index that is only a folder. */
  folder: string
  /** Where the receipt lies, of a release. */
  receipt: (parcel: Parcel) => string
  addresses: Addresses
  /** Seconds since 1970 from which the next run signs. */
  nextSigned: () => number
  /** Origins of all that is asked by HTTP. */
  origins: string[]
  /** Everything that was ever written, at all of them. */
  writes: () => Promise<string[]>
  close: () => Promise<void>
}

export async function startServers(
  project: string,
  parcels: readonly Parcel[],
  key: SigningKey
): Promise<Servers> {
  const index = await startFakeIndex({ tokens: { 'pypi-secret': {} } })
  index.project(project)
  const registry = await startFakeRegistry({ relative: true })
  const github = await startFakeGithub()
  const bucket = await startFakeS3()
  let signed = key.from
  for (const parcel of parcels) pushTag(github.state, parcel)
  const room = await mkdtemp(path.join(tmpdir(), 'tagproof-together-'))
  const folder = path.join(room, 'simple')
  return {
    index,
    registry,
    github,
    bucket,
    folder,
    receipt: ({ tag }) => path.join(room, `receipt-${tag}.json`),
    addresses: {
      index: index.origin,
      registry: registry.origin,
      github: github.origin,
      bucket: { endpoint: bucket.address, bucket: bucket.bucket, region: bucket.region, ...bucket.keys },
      folder,
      signing: key.secret
    },
    nextSigned: () => (signed += 10_000),
    origins: [index.origin, registry.origin, github.origin, bucket.address],
    writes: async () => [
      ...index.state.writes,
      ...registry.state.writes,
      ...github.state.writes,
      ...bucket.requests
        .flatMap((line) => /^PUT \/packages\/(?!.*\.tagproof\/)(\S+) 200$/.exec(line)?.[1] ?? [])
        .map(objectLine),
      ...(await filesBelow(folder))
    ],
    close: async () => {
      await Promise.all([index.close(), registry.close(), github.close(), bucket.close()])
      await rm(room, { recursive: true, force: true })
    }
  }
}

/** What never changes is an object; all else in a bucket is a name that moves. */
function objectLine(key: string): string {
  return /\/(pool|by-hash|[0-9.]+)\//.test(key) ? `object ${key}` : `name ${key}`
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
