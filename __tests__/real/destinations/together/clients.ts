import { aptDestination } from '../../../../src/destinations/apt/destination.ts'
import { openSigner } from '../../../../src/destinations/apt/open-signer.ts'
import type { Destination } from '../../../../src/destinations/destination.ts'
import { directoryDestination } from '../../../../src/destinations/directory.ts'
import { filesDestination } from '../../../../src/destinations/files/destination.ts'
import { githubDestination } from '../../../../src/destinations/github/destination.ts'
import { fileJournal } from '../../../../src/destinations/journal.ts'
import { runPublication, type Publication } from '../../../../src/destinations/publication.ts'
import { pypiDestination } from '../../../../src/destinations/pypi/destination.ts'
import { registryDestination } from '../../../../src/destinations/registry/destination.ts'
import { keyLogin } from '../../../../src/destinations/stores/s3/login.ts'
import { s3Place } from '../../../../src/destinations/stores/s3/place.ts'
import { s3Store } from '../../../../src/destinations/stores/s3/s3-store.ts'
import type { Store } from '../../../../src/destinations/stores/store.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'
import { createHttpClient, type HttpClient } from '../../../../src/platform/http.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import { steppingTime } from '../../support/apt/repository.ts'
import type { Parcel } from './parcel.ts'

/** Where the servers are, or what lies before them; and the folder that is a destination too. */
export interface Addresses {
  index: string
  registry: string
  github: string
  /** One bucket, for a repository and for flat files. */
  bucket: { endpoint: string; bucket: string; region: string; accessKeyId: string; secretAccessKey: string }
  folder: string
  /** Armored secret key of the repository. */
  signing: string
}

export interface Client {
  http: HttpClient
  now: () => number
  /** Seconds since 1970, of the first signature: later than those of all runs before. */
  signed: number
  /** Whether apt itself is asked, which takes longer than all the rest. */
  apt?: boolean
}

const common = { log: silentLog, patience: [0] }

/** Every destination of one release, as a process of its own would open them. */
export function openAll(parcel: Parcel, at: Addresses, client: Client): Destination[] {
  const { http, now } = client
  const { endpoint, bucket } = at.bucket
  const time = steppingTime(client.signed)
  const signer = openSigner({
    destination: 'apt',
    key: null,
    command: null,
    secret: at.signing,
    source: 'the key of the tests',
    environment: {},
    folder: parcel.debs.folder,
    now: time.now
  })
  return [
    aptDestination({
      ...common,
      name: 'apt',
      store: bucketStore(at, 'apt', client),
      signer,
      suites: [{ suite: 'stable', debs: parcel.debs.debs }],
      component: 'main',
      origin: null,
      label: null,
      packages: parcel.debs.folder,
      url: client.apt === true ? `${endpoint}/${bucket}/apt/` : null,
      message: 'release',
      environment: {},
      time
    }),
    filesDestination({
      ...common,
      destination: 'files',
      values: { version: parcel.version, tag: parcel.tag },
      files: parcel.files.map((file) => ({ ...file, target: 'any', arch: null })),
      names: '{version}/{file}',
      aliases: { 'demo.tar.gz': '*.tar.gz', 'demo_{series}.deb': 'tiny-demo_*.deb' },
      sums: true,
      store: bucketStore(at, 'get', client),
      url: `${endpoint}/${bucket}/get/`,
      moves: true,
      signer,
      openReader: () => createHttpClient({ environment: {}, retryMilliseconds: 0 }),
      now
    }),
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
      tokenName: 'The token',
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

function bucketStore({ bucket: at }: Addresses, prefix: string, { http, now }: Client): Store {
  return s3Store({ place: s3Place({ ...at, prefix }), login: keyLogin(at, () => undefined), http, now })
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
