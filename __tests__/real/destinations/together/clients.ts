import type { Destination } from '../../../../src/destinations/destination.ts'
import { directoryDestination } from '../../../../src/destinations/directory.ts'
import { githubDestination } from '../../../../src/destinations/github/destination.ts'
import { fileJournal } from '../../../../src/destinations/journal.ts'
import { runPublication, type Publication } from '../../../../src/destinations/publication.ts'
import { pypiDestination } from '../../../../src/destinations/pypi/destination.ts'
import { registryDestination } from '../../../../src/destinations/registry/destination.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import type { HttpClient } from '../../../../src/platform/http.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import type { Parcel } from './parcel.ts'

/** Where the servers are, or what lies before them; and the folder that is a destination too. */
export interface Addresses {
  index: string
  registry: string
  github: string
  folder: string
}

export interface Client {
  http: HttpClient
  now: () => number
}

const common = { log: silentLog, patience: [0] }

/** Every destination of one release, as a process of its own would open them. */
export function openAll(parcel: Parcel, at: Addresses, { http, now }: Client): Destination[] {
  return [
    pypiDestination({
      ...common,
      name: 'pypi',
      service: {
        name: 'PyPI',
        kind: 'pypi',
        uploadUrl: new URL('/legacy/', at.index),
        simpleUrl: new URL('/simple/', at.index),
        jsonUrl: new URL(at.index)
      },
      credentials: { kind: 'token', token: 'pypi-secret' },
      ...parcel.python,
      packages: parcel.python.folder,
      attest: null,
      createProject: false,
      http,
      now,
      onSecret: () => undefined
    }),
    directoryDestination({
      name: 'directory',
      address: 'given',
      packages: parcel.python.folder,
      artifacts: parcel.python.artifacts,
      folder: at.folder
    }),
    registryDestination({
      ...common,
      name: 'registry',
      base: new URL(at.registry),
      images: parcel.images.map((image) => ({
        ...image,
        moving: image.moving.map((tag) => ({ tag, template: 'latest' }))
      })),
      credentials: () => Promise.resolve(null),
      http
    }),
    githubDestination({
      ...common,
      name: 'github',
      api: `${at.github}/api/v3`,
      repository: 'octo/project',
      token: 'ghs_writer',
      tag: parcel.tag,
      commit: parcel.commit,
      version: parcel.version,
      files: parcel.files,
      notes: null,
      draft: false,
      http,
      now
    })
  ]
}

/** Publishes to all of them, with the receipt in a file. */
export async function publishTo(
  destinations: readonly Destination[],
  { version, tag, commit }: Parcel,
  receipt: string
): Promise<Publication> {
  const release = { tag, version, sha256: sha256OfBytes(Buffer.from(`${version} ${commit}`)) }
  const journal = await fileJournal(receipt, release, silentLog)
  return runPublication({ release, destinations, journal, log: silentLog })
}
